"""What the tests of a Yamcs server need to be found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("fprime_yamcs_bundle")
sys.path.append(str(Path(__file__).parent))  # where the package of these tests is
