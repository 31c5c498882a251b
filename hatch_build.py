"""Build the dashboard into packages, so that whoever installs one needs no Node."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class DashboardHook(BuildHookInterface):  # type: ignore[type-arg]  # of a configuration we have none of
    """An editable installation builds nothing (`make run` does), nor does one without Node."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  the interface
        root = Path(self.root)
        built = root / "src" / "codex_lb" / "dashboard" / "static" / "app" / "index.html"
        if version == "editable" or built.exists():
            return
        npm = shutil.which("npm")
        if npm is None:
            self.app.display_warning("npm was not found: this package will have no dashboard")
            return
        for command in (["ci"], ["run", "build"]):
            subprocess.run([npm, *command], cwd=root / "frontend", check=True)  # noqa: S603
