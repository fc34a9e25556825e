"""How a ground segment is set up."""

from __future__ import annotations

import secrets
from pathlib import Path

import msgspec

from ops_tools.ground.command_record import CommandTimeouts
from ops_tools.ground.events import DEFAULT_LOG_DEPTH
from ops_tools.ground.passes import DEFAULT_SILENCE_NS
from ops_tools.ground.security.own_end import RandomOctets
from ops_tools.ground.telemetry import DEFAULT_HISTORY, DEFAULT_STALE_PERIODS


class GroundSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a ground segment is set up.

    Attributes:
        history: packets of each kind that are kept.
        stale_periods: periods of silence after which a packet is stale.
        event_log_depth: events that are kept.
        silence_ns: time without a frame after which a pass has ended.
        timeouts: how long commands wait for reports.
        files_directory: where files go, and what is remembered of their delivery; None keeps them in memory.
        resumes_transfers: whether what is remembered there is of the same spacecraft, so that transfers go on.
        epoch_tai_ns: TAI at ground time 0, by which the ground dates its own events; None leaves them without date.
        listens_only: whether somebody else commands the spacecraft.
        random_octets: for new keys and challenges; a simulation gives octets of its seed.
    """

    history: int = DEFAULT_HISTORY
    stale_periods: float = DEFAULT_STALE_PERIODS
    event_log_depth: int = DEFAULT_LOG_DEPTH
    silence_ns: int = DEFAULT_SILENCE_NS
    timeouts: CommandTimeouts = CommandTimeouts()
    files_directory: Path | None = None
    resumes_transfers: bool = True
    epoch_tai_ns: int | None = None
    listens_only: bool = False
    random_octets: RandomOctets = secrets.token_bytes
