"""Which packet goes onto which virtual channel, and how often. Pure."""

from __future__ import annotations

from typing import Annotated

from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.fields import U8, U16, U32, Range, Unit, UpTo
from tlm_cmd.definition.message import Record

EVERY_PACKET = "*"


class PacketRoute(Record):
    """What happens to ``APP.PACKET``, to ``APP.*``, to ``*.PACKET`` of all apps, or to everything, ``*``."""

    packet: Annotated[str, UpTo(64)]
    channel: Annotated[int, U8, Range(0, 7), "virtual channel"]
    every: Annotated[int, U8, "one of so many is sent in contact, 0 for none"]
    record_every: Annotated[int, U8, "one of so many is recorded out of contact, 0 for none"]


class Routing(Record):
    """All routes, the first that matches counts; and the limits of the downlink."""

    events: PacketRoute
    routes: Annotated[tuple[PacketRoute, ...], UpTo(64)]
    playback_channel: Annotated[int, U8, Range(0, 7), "where recorded packets go"]
    s_band_octets_per_s: Annotated[int, U32, Range(100, 10_000_000), "frame octets"]
    x_band_octets_per_s: Annotated[int, U32, Range(0, 100_000_000), "frame octets"]
    recorder_files: Annotated[int, U16, Range(1, 4096), "files of the mass memory, the oldest is overwritten"]
    recorder_file_octets: Annotated[int, U16, Range(1024, 65_535)]
    flush_s: Annotated[int, U8, Range(1, 250), Unit("s"), "how long recorded packets may wait in memory"]


def resolve(routing: Routing, dictionary: Dictionary) -> dict[int, PacketRoute]:
    """The route of each APID that sends telemetry or events.

    Raises:
        ValueError: a route names a packet or an app that does not exist, or a packet has no route.
    """
    names = {entry.name: entry.apid for entry in dictionary.telemetry.values()}
    for route in routing.routes:
        if not any(_matches(route.packet, name) for name in names):
            raise ValueError(f"route for {route.packet!r}: no such packet; write APP.PACKET, APP.*, *.PACKET or *")
    routes = {app.apid: routing.events for app in dictionary.apps}
    for name, apid in names.items():
        matching = [route for route in routing.routes if _matches(route.packet, name)]
        if not matching:
            raise ValueError(f"packet {name} has no route; end the routes with one for *")
        routes[apid] = matching[0]
    return routes


def _matches(pattern: str, name: str) -> bool:
    app, _, packet = name.partition(".")
    return pattern in (EVERY_PACKET, name, f"{app}.*", f"*.{packet}")
