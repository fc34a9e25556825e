import pytest

from flightsw.app import Overflow, handles
from flightsw.bus.inbox import InboxLimits
from flightsw.bus.overflow import DropReason, Loss
from flightsw.errors import FlightSoftwareError
from flightsw.messages.bus import DropCount, EnableRoute, MailboxReport, ReportMailbox, RouteSwitched
from flightsw.messages.life import AppHousekeeping
from tests.unit.flightsw.runtime.conftest import Noted, Other, Probe, Value, World
from tlm_cmd.definition.dictionary import COMMAND_MESSAGE_ID, TELEMETRY_MESSAGE_ID
from tlm_cmd.definition.message import Quality
from tlm_cmd.packets.verification import FailureCode, Stage

HOUSEKEEPING = TELEMETRY_MESSAGE_ID | 0x31
OTHERS_EVENTS = TELEMETRY_MESSAGE_ID | 0x30
OWN_COMMANDS = COMMAND_MESSAGE_ID | 0x20


def report(world: World) -> MailboxReport:
    """The app's newest account of its mailbox."""
    world.request(ReportMailbox(), 99)
    packet = world.of(MailboxReport)[-1]
    assert isinstance(packet, MailboxReport)
    return packet


def switch(world: World, message_id: int, *, enabled: bool, sequence: int = 0) -> tuple[Stage, FailureCode, str]:
    """Command a route; returns the verdict."""
    verdict = world.reports(world.request(EnableRoute(message_id, enabled), sequence))[-1]
    return verdict.stage, verdict.code, verdict.reason


def test_the_mailbox_report_tells_what_became_of_every_message(world: World) -> None:
    """Each subscription with its limit, waiting, delivered and lost messages; each inbox with its high-water mark."""
    world.start()
    for _ in range(70):
        world.bus.send(OTHERS_EVENTS, Noted("flood"))
    world.bus.dispatch()
    packet = report(world)
    assert [(inbox.depth, inbox.waiting, inbox.high_water) for inbox in packet.inboxes] == [
        (64, 0, 1),
        (256, 0, 64),
        (64, 0, 0),
    ]
    accounts = {each.message_id: each for each in packet.subscriptions}
    assert list(accounts) == [OWN_COMMANDS, OTHERS_EVENTS, TELEMETRY_MESSAGE_ID | 0x21, HOUSEKEEPING]
    events = accounts[OTHERS_EVENTS]
    assert (events.limit, events.delivered, events.lost, events.enabled) == (64, 64, 6, True)
    assert events.overflow is Overflow.REFUSE
    assert packet.lost == (DropCount("message limit", 6),)


def test_a_route_is_disabled_and_enabled_by_command(world: World) -> None:
    """What it would have carried is counted as lost; it stays disabled over a restart, until it is enabled again."""
    world.start()
    assert switch(world, OTHERS_EVENTS, enabled=False)[0] is Stage.COMPLETED
    world.bus.send(OTHERS_EVENTS, Noted("lost"))
    world.restart()
    world.bus.send(OTHERS_EVENTS, Noted("lost as well"))
    assert report(world).lost == (DropCount("route disabled", 1),)  # the report counts from the restart on
    assert world.bus.ledger().lost == 2
    assert switch(world, OTHERS_EVENTS, enabled=True, sequence=1)[0] is Stage.COMPLETED
    world.bus.send(OTHERS_EVENTS, Noted("kept"))
    world.bus.dispatch()
    assert world.app.seen == [Noted("kept")]
    assert world.of(RouteSwitched) == [RouteSwitched(OTHERS_EVENTS, False), RouteSwitched(OTHERS_EVENTS, True)]
    assert world.bus.ledger().closed


def test_commands_always_reach_their_app(world: World) -> None:
    """Their route cannot be switched, nor one that there is not; the refusal names those that can."""
    world.start()
    for message_id in (OWN_COMMANDS, 0x0999):
        stage, code, reason = switch(world, message_id, enabled=False, sequence=message_id)
        assert (stage, code) == (Stage.FAILED, FailureCode.BAD_ARGUMENT)
        assert reason == f"no route 0x{message_id:04x} to switch, there is 0x0830, 0x0821, 0x0831"


class Latest(Probe):
    """Wants the latest state only."""

    @handles(Noted, limit=1, overflow=Overflow.DROP_OLDEST)
    def note(self, event: Noted) -> None:
        """Note it."""
        self.seen.append(event)


def test_an_app_declares_how_it_takes_a_message(world: World) -> None:
    """Limit and overflow stand at the handler, and apply to the subscription."""
    world.app_class = Latest
    world.bus.close_mailbox("probe")
    world.container = world.contain()
    world.start()
    for number in range(3):
        world.bus.send(OTHERS_EVENTS, Noted(str(number)))
    world.bus.dispatch()
    assert world.app.seen == [Noted("2")]
    assert world.bus.ledger().closed
    assert AppHousekeeping in type(world.app).collectors


class Undecided(Latest):
    """Wants events of one app in two ways, though they are one message."""

    @handles(Other, overflow=Overflow.DROP_NEWEST)
    def other(self, event: Other) -> None:
        """Note it."""


def test_one_message_is_taken_in_one_way(world: World) -> None:
    """Two handlers that ask for different limits of one message are refused when the app is prepared."""
    world.app_class = Undecided
    world.bus.close_mailbox("probe")
    container = world.contain()
    with pytest.raises(FlightSoftwareError, match="two handlers of message 0x0830"):
        container.prepare()


def test_an_app_learns_what_was_lost(world: World) -> None:
    """``send`` tells the app which destination did not take its packet and why."""
    world.start()
    told: list[object] = []
    world.bus.open_mailbox("reader", InboxLimits(telemetry=1), lambda _id, _message: None)
    value_id = world.dictionary.telemetry_of("probe", Value).message_id
    world.bus.subscribe("reader", value_id, Quality.TELEMETRY)

    def send_twice(app: Probe) -> None:
        told.extend((app.send(Value(1)), app.send(Value(2))))

    world.do(send_twice)
    assert told == [(), (Loss("reader", DropReason.INBOX_FULL),)]
