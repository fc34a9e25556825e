from __future__ import annotations

from pathlib import Path

import msgspec

from apps.telemetry_output.routing import PacketRoute, Routing, resolve
from flightsw.mission import Mission
from flightsw.services.tables.content import read_table
from tlm_cmd.definition.dictionary import Dictionary

S_BAND, X_BAND = (0, 1, 2), (3,)


def routing(*routes: tuple[str, int], events: int = 0, playback: int = 2) -> Routing:
    """A table of routes, each a pattern and a channel."""
    return Routing(
        events=PacketRoute("*", events, 1, 1),
        routes=tuple(PacketRoute(packet, channel, 1, 1) for packet, channel in routes),
        playback_channel=playback,
        s_band_octets_per_s=1000,
        x_band_octets_per_s=1000,
        recorder_files=4,
        recorder_file_octets=1024,
        flush_s=10,
    )


def channels(dictionary: Dictionary, table: Routing) -> dict[str, int]:
    """The channel of each packet by its name, and of each app's events by the app's."""
    routes = resolve(table, dictionary, S_BAND, X_BAND).routes
    found = {entry.name: routes[entry.apid].channel for entry in dictionary.telemetry.values()}
    return found | {app.name: routes[app.apid].channel for app in dictionary.apps}


def test_the_mission_table_fits_the_mission(mission: Mission) -> None:
    """Every packet and all events of the mission have a route, and no route is for nothing."""
    links = mission.file.links
    assert links.x_band is not None
    table = read_table(Routing, Path(mission.table_folder("telemetry_output")) / "routing.toml")
    resolved = resolve(table, mission.dictionary, links.s_band.channels_by_priority, links.x_band.channels_by_priority)
    assert resolved.problems == ()
    assert sorted(resolved.routes) == sorted(mission.dictionary.known_apids())
    assert resolved.playback_channel == 2


def test_the_first_match_counts(mission: Mission) -> None:
    """A packet takes the first route whose pattern it matches: by name, by app, by packet of any app, or any."""
    table = routing(
        ("POWER.POWER_STATUS", 0), ("POWER.*", 1), ("*.APP_HOUSEKEEPING", 2), ("POWER.POWER_STATUS", 3), ("*", 3)
    )
    found = channels(mission.dictionary, table)
    assert found["POWER.POWER_STATUS"] == 0
    assert found["POWER.APP_HOUSEKEEPING"] == 1
    assert found["THERMAL.APP_HOUSEKEEPING"] == 2
    assert found["THERMAL.THERMAL_STATUS"] == 3
    assert found["thermal"] == 0


def test_an_unusable_route_is_told_and_left_out(mission: Mission) -> None:
    """A route for a packet or to a channel that does not exist is a problem, and the next route counts."""
    table = routing(("POWER.NONSENSE", 0), ("POWER.POWER_STATUS", 6), ("*", 1))
    resolved = resolve(table, mission.dictionary, S_BAND, X_BAND)
    assert [problem.split(":")[0] for problem in resolved.problems] == ["POWER.NONSENSE", "POWER.POWER_STATUS"]
    assert channels(mission.dictionary, table)["POWER.POWER_STATUS"] == 1


def test_nothing_is_left_without_a_route(mission: Mission) -> None:
    """Packets that no route matches go the way of events, each told as a problem."""
    table = routing(events=1)
    resolved = resolve(table, mission.dictionary, S_BAND, X_BAND)
    assert len(resolved.problems) == len(mission.dictionary.telemetry)
    assert all(route == table.events for route in resolved.routes.values())


def test_channels_that_do_not_exist(mission: Mission) -> None:
    """Events on an unknown channel take the S-band's most urgent one, playback the least urgent one."""
    table = msgspec.structs.replace(routing(("*", 1), events=7, playback=3))
    resolved = resolve(table, mission.dictionary, S_BAND, X_BAND)
    assert [problem.split(":")[0] for problem in resolved.problems] == ["events", "playback"]
    assert resolved.playback_channel == 2
    assert channels(mission.dictionary, table)["power"] == 0
