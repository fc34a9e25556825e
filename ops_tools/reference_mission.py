"""Where the reference mission is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

PACKAGE = "apps.missions.urbanwatch"


def reference_mission() -> Path:
    """The folder of ``urbanwatch``: mission file, tables, scenarios."""
    found = importlib.util.find_spec(PACKAGE)
    assert found is not None and found.submodule_search_locations  # noqa: S101, PT018 - installed with this package
    return Path(next(iter(found.submodule_search_locations)))
