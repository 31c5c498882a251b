# noqa: INP001 # a script, not a package
"""Write down what `/api` offers, for the front end's types: `make types`.

`tests/dashboard/test_openapi_file.py` says when that is due again.
"""

import asyncio
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILE = ROOT / "frontend" / "openapi.json"
sys.path.insert(0, str(ROOT))


async def told() -> str:
    """The document as it stands in the file."""
    from tests.dashboard.builders import FakeAccounts, caller  # noqa: PLC0415  found just now

    async with caller(FakeAccounts(), peer="127.0.0.1") as client:
        document = (await client.get("/api/openapi.json")).raise_for_status().json()
    document["info"]["version"] = "0"  # says nothing of the shapes
    return json.dumps(document, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(asyncio.run(told()), "utf-8")
