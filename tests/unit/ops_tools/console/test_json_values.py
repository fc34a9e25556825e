from __future__ import annotations

import json
from math import inf, nan
from pathlib import Path
from typing import TYPE_CHECKING

from ops_tools.console.json_values import plain
from ops_tools.ground.command_record import CommandStage, Verdict

if TYPE_CHECKING:
    from types import SimpleNamespace


def test_every_kind_of_value_becomes_json(tiny: SimpleNamespace) -> None:
    """Enumerations by name, octets as hexadecimal digits, structures as objects; what is not finite as text."""
    values = {
        Verdict.COMPLETED: tiny.Colour.BLUE,
        CommandStage.SENT: 1.5,
        "bad": [nan, inf, True, None],
        "octets": (b"\x01\xff", bytearray(b"\x02")),
        "cell": tiny.Cell(3.7),
        "path": Path("a") / "b",
    }
    assert json.loads(json.dumps(plain(values), allow_nan=False)) == {
        "completed": "BLUE",
        "sent": 1.5,
        "bad": ["nan", "inf", True, None],
        "octets": ["01ff", "02"],
        "cell": {"voltage": 3.7},
        "path": "a/b",
    }
