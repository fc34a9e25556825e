"""Which packet goes onto which virtual channel, and how often. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import msgspec

from tlm_cmd.definition.dictionary import Dictionary
from tlm_cmd.definition.fields import U8, U16, U32, Range, Unit, UpTo
from tlm_cmd.definition.message import Record

EVERY_PACKET = "*"


class PacketRoute(Record):
    """What happens to ``APP.PACKET``, to ``APP.*``, to ``*.PACKET`` of all apps, or to everything, ``*``."""

    packet: Annotated[str, UpTo(64), "name of a packet, or a pattern of names"]
    channel: Annotated[int, U8, Range(0, 7), "virtual channel"]
    every: Annotated[int, U8, "one of so many is sent in contact, 0 for none"]
    record_every: Annotated[int, U8, "one of so many is recorded out of contact, 0 for none"]


class Routing(Record):
    """All routes, the first that matches counts; and the limits of the downlink."""

    events: Annotated[PacketRoute, "what happens to all events, and to packets that no route matches"]
    routes: Annotated[tuple[PacketRoute, ...], UpTo(64)]
    playback_channel: Annotated[int, U8, Range(0, 7), "S-band channel of recorded packets"]
    s_band_octets_per_s: Annotated[int, U32, Range(100, 10_000_000), "frame octets"]
    x_band_octets_per_s: Annotated[int, U32, Range(0, 100_000_000), "frame octets"]
    recorder_files: Annotated[int, U16, Range(1, 4096), "files of the mass memory, the oldest is overwritten"]
    recorder_file_octets: Annotated[int, U16, Range(1024, 65_535), "most octets in a file"]
    flush_s: Annotated[int, U8, Range(1, 250), Unit("s"), "how long recorded packets may wait in memory"]


class Resolved(msgspec.Struct, frozen=True):
    """Where everything goes.

    Attributes:
        routes: by APID, of everything that sends telemetry or events.
        playback_channel: where recorded packets go.
        problems: what is wrong with the table; everything has a route all the same.
    """

    routes: dict[int, PacketRoute]
    playback_channel: int
    problems: tuple[str, ...]


def resolve(
    routing: Routing, dictionary: Dictionary, s_band: Collection[int], x_band: Collection[int] = ()
) -> Resolved:
    """The route of each packet and event of the mission.

    A table that does not fit the mission must not silence it: what has no usable route goes the way of events, and
    that falls back on the S-band's first channel.

    Args:
        routing: the table.
        dictionary: the mission's packets.
        s_band: virtual channels of the S-band, the most urgent first.
        x_band: virtual channels of the X-band.
    """
    channels = (*s_band, *x_band)
    known = ", ".join(map(str, channels))
    problems: list[str] = []
    events, playback = routing.events, routing.playback_channel
    if events.channel not in channels:
        problems.append(f"events: no virtual channel {events.channel}, there are {known}")
        events = msgspec.structs.replace(events, channel=channels[0])
    if playback not in s_band:
        problems.append(f"playback: no S-band virtual channel {playback}, there are {', '.join(map(str, s_band))}")
        playback = (*s_band,)[-1]
    names = {entry.name: entry.apid for entry in dictionary.telemetry.values()}
    usable = []
    for route in routing.routes:
        if not any(_matches(route.packet, name) for name in names):
            problems.append(f"{route.packet}: no such packet; write APP.PACKET, APP.*, *.PACKET or *")
        elif route.channel not in channels:
            problems.append(f"{route.packet}: no virtual channel {route.channel}, there are {known}")
        else:
            usable.append(route)
    routes = {app.apid: events for app in dictionary.apps}
    for name, apid in names.items():
        matching = [route for route in usable if _matches(route.packet, name)]
        if not matching:
            problems.append(f"{name}: no route; end the routes with one for {EVERY_PACKET}")
        routes[apid] = matching[0] if matching else events
    return Resolved(routes, playback, tuple(problems))


def _matches(pattern: str, name: str) -> bool:
    app, _, packet = name.partition(".")
    return pattern in (EVERY_PACKET, name, f"{app}.*", f"*.{packet}")
