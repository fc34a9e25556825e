"""The same seed gives the same flight, whatever else is different."""

from __future__ import annotations

import json
from pathlib import Path

from tests.sil.conftest import fly_in_a_process_of_its_own

ORBITS = "0.3"  # up to and into the first contact, with inference


def trace_hash(folder: Path, seed: int, hash_seed: str) -> str:
    """The trace hash of a demo in a process of its own."""
    result = folder / f"{seed}-{hash_seed}.json"
    fly_in_a_process_of_its_own(
        ["demo", "--headless", "--orbits", ORBITS, "--seed", str(seed), "--json", str(result), "--report", str(folder)],
        PYTHONHASHSEED=hash_seed,
    )
    found: str = json.loads(result.read_text())["trace_hash"]
    return found


def test_the_seed_alone_decides_on_the_hash(tmp_path: Path) -> None:
    """No order depends on Python's hashes, and the seed reaches the models."""
    reference = trace_hash(tmp_path, 7, "0")
    assert trace_hash(tmp_path, 7, "4242") == reference
    assert trace_hash(tmp_path, 8, "0") != reference
