"""Software written by others, against which this project's protocols are held."""

from __future__ import annotations

import importlib.util
import os

import pytest

PEERS = (
    "ccsdspy",
    "cfdppy",
    "cryptography",
    "fprime_yamcs_bundle",
    "lxml",
    "reedsolo",
    "space_packet_parser",
    "spacepackets",
    "viterbi",
)


def pytest_configure() -> None:
    """Refuse to run without a peer where all must be there: elsewhere its tests are skipped."""
    missing = [name for name in PEERS if importlib.util.find_spec(name) is None]
    if missing and os.environ.get("FLIGHTSW_REQUIRE_PEERS"):
        raise pytest.UsageError(f"not installed: {', '.join(missing)}; `make env` installs them")
