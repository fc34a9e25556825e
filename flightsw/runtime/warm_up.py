"""Works out once, in the supervisor, what every start of an app would work out anew: a fork of it finds it done.

Codecs of tables and states are compiled when they are first used. At boot each process compiles its own, side by side;
the supervisor does so behind the boot, for the processes that follow.
"""

from __future__ import annotations

import msgspec

from flightsw.app import App
from flightsw.runtime.checkpoints import new_state
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.message import Record


def warm_up(app_class: type[App]) -> None:
    """Compile what an app's start needs; what cannot be compiled is left for the start to complain about."""
    for table in app_class.tables.values():
        record: type[Record] = table.record
        codec_of(record)
    try:
        state = new_state(app_class)
        msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=type(state))
    except Exception:  # noqa: BLE001 - a fault domain: the app's own class, which fails again where it is answered for
        return
