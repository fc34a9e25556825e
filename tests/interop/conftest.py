"""Software written by others, against which this project's protocols are held."""

from __future__ import annotations

import importlib.util
import os
import shutil

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


PROGRAMS = ("ip", "java")


def pytest_configure() -> None:
    """Refuse to run without a peer where it must be there; elsewhere its tests are skipped.

    FLIGHTSW_REQUIRE_PEERS says which must: `packages`, which `make env` installs, or `all`, with the programs of the
    operating system and the rights that a test of several computers needs.

    Raises:
        pytest.UsageError: what is missing, and how it comes.
    """
    required = os.environ.get("FLIGHTSW_REQUIRE_PEERS")
    if required not in (None, "packages", "all"):
        raise pytest.UsageError(f"FLIGHTSW_REQUIRE_PEERS is {required!r}; it is `packages`, `all` or not set")
    missing = [name for name in PEERS if importlib.util.find_spec(name) is None]
    if missing and required:
        raise pytest.UsageError(f"not installed: {', '.join(missing)}; `make env` installs them")
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    if required == "all" and (absent or os.geteuid() != 0):
        raise pytest.UsageError(f"tests of networks and of Yamcs need root, iproute2 and Java 17; not here: {absent}")
