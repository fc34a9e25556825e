"""The ground segment at a glance."""

from __future__ import annotations

import msgspec

from ops_tools.ground.command_record import Verdict
from ops_tools.ground.contact_plan import ContactOutlook
from ops_tools.ground.decoder import Undecodable
from ops_tools.ground.dictionary_guard import DictionaryCheck
from ops_tools.ground.link import GroundLinkStatus
from ops_tools.ground.passes import Pass


class GroundStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The ground segment at a glance, as plain data.

    Attributes:
        mission: the mission's name.
        now_ns: ground time.
        spacecraft_ns: spacecraft time of the packet that arrived last.
        contact: what is heard of the spacecraft, and when it can be heard next.
        current_pass: the pass that goes on, None without contact.
        passes: passes so far.
        dictionary: whether spacecraft and ground use the same one, and in words.
        link: what went over the link.
        packets_decoded, packets_refused, packets_missing: what became of packets.
        commands_open: commands without verdict.
        verdicts: commands by verdict.
        events: events by severity.
        alarms: values outside their limits now, by state.
        files_complete: on ground.
        files_open: transfers going on, both ways.
    """

    mission: str
    now_ns: int
    spacecraft_ns: int | None
    contact: ContactOutlook
    current_pass: Pass | None
    passes: int
    dictionary: DictionaryCheck
    dictionary_text: str
    link: GroundLinkStatus
    packets_decoded: int
    packets_refused: dict[Undecodable, int]
    packets_missing: int
    commands_open: int
    verdicts: dict[Verdict, int]
    events: dict[str, int]
    alarms: dict[str, int]
    files_complete: int
    files_open: int
