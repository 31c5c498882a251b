# noqa: INP001 # a script, not a package
"""Write `src/codex_lb/prices.json` from the installed `genai-prices` package.

Run it after that package has been updated: `python tools/extract_prices.py 2026-11-22`, with the day
for which the prices shall hold. It reads the data that is part of the package and makes no network
call. Taken are OpenAI's text models, which are billed by input and output tokens.
"""

import datetime as dt
import json
import re
import sys
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from genai_prices import data_snapshot
from genai_prices.types import ClauseEquals, ClauseOr, ModelInfo, ModelPrice, TieredPrices

OUTPUT = Path(__file__).parents[1] / "src" / "codex_lb" / "prices.json"
TEXT_MODEL = re.compile(
    r"(gpt-\d|gpt-image|gpt-oss|o\d|codex-)(?!.*(audio|realtime|transcribe|tts))"
)
MICROS = 1_000_000  # per dollar


def extract(day: dt.date) -> dict[str, Any]:
    """The content of `prices.json` as of `day`."""
    at = dt.datetime.combine(day, dt.time(12), dt.UTC)
    providers = data_snapshot.get_snapshot().providers
    [openai] = [provider for provider in providers if provider.id == "openai"]
    models = []
    for model in openai.models:
        standard = tariff(model.get_prices(at))
        if standard is None or not names(model):
            continue
        price: dict[str, Any] = {"standard": standard}
        for tier in ("priority", "flex"):
            own = model.get_prices(at, {"service_tier": tier})
            if tariff(own) != standard:
                price[tier] = tariff(own)
        models.append({"names": names(model), "price": price})
    return {
        "source": f"genai-prices {version('genai-prices')}, provider openai",
        "checked": day.isoformat(),
        "models": models,
    }


def names(model: ModelInfo) -> list[str]:
    """The names that the package takes for `model`; patterns are left out."""
    clauses = model.match.or_ if isinstance(model.match, ClauseOr) else [model.match]
    found = [clause.equals for clause in clauses if isinstance(clause, ClauseEquals)]
    return [name for name in found if TEXT_MODEL.match(name)]


def tariff(price: ModelPrice) -> dict[str, Any] | None:
    """A `Tariff` of `core/pricing.py`, or None if the model is not billed by tokens in and out."""
    given = [price.input_mtok, price.cache_read_mtok or price.input_mtok, price.output_mtok]
    if given[0] is None or given[2] is None:
        return None
    found: dict[str, Any] = {"rates": rates([base(each) for each in given])}
    starts = {tier.start for each in given if isinstance(each, TieredPrices) for tier in each.tiers}
    if starts:
        [found["over"]] = starts  # more than one step is not known to us
        found["long"] = rates([long(each) for each in given])
    return found


def base(price: Any) -> Decimal:
    return Decimal(price.base if isinstance(price, TieredPrices) else price)


def long(price: Any) -> Decimal:
    return Decimal(price.tiers[0].price if isinstance(price, TieredPrices) else price)


def rates(dollars: list[Decimal]) -> dict[str, int]:
    micros = [each * MICROS for each in dollars]
    if any(each != int(each) for each in micros):
        raise ValueError(f"{dollars} is finer than a micro-dollar per million tokens")
    return dict(zip(("input", "cached", "output"), map(int, micros), strict=True))


def written(content: dict[str, Any]) -> str:
    """One line per model, so that a change of prices is a readable difference."""
    models = ",\n".join(json.dumps(model) for model in content.pop("models"))
    return f'{json.dumps(content)[:-1]}, "models": [\n{models}\n]}}\n'


if __name__ == "__main__":
    OUTPUT.write_text(written(extract(dt.date.fromisoformat(sys.argv[1]))))
