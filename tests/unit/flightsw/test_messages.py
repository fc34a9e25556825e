from flightsw import messages
from flightsw.messages import (
    APP_FUNCTION_CODES,
    FIRST_APP_EVENT,
    STANDARD_COMMANDS,
    STANDARD_EVENTS,
    STANDARD_TELEMETRY,
)
from flightsw.messages.life import AppHousekeeping
from flightsw.messages.tables import MAX_TABLE_CHUNK, LoadTable
from tlm_cmd.definition.codec import codec_of
from tlm_cmd.definition.dictionary import AppInterface, Dictionary
from tlm_cmd.definition.message import Command, Event, Telemetry
from tlm_cmd.packets.verification import VerificationReport


def declared(base: type) -> set[type]:
    """The classes of one kind that the modules declare."""
    return {
        member
        for member in vars(messages).values()
        if isinstance(member, type) and issubclass(member, base) and member.__module__.startswith(messages.__name__)
    }


def test_every_app_understands_and_reports_what_is_declared() -> None:
    """No standard message is forgotten in the lists that go into every app's interface."""
    assert set(STANDARD_COMMANDS) == declared(Command)
    assert set(STANDARD_TELEMETRY) == declared(Telemetry) | {VerificationReport}
    assert set(STANDARD_EVENTS) == declared(Event)


def test_standard_messages_leave_the_apps_codes_alone() -> None:
    """Their function codes and event codes are unique, and none is one that apps may use."""
    codes = [command.code for command in STANDARD_COMMANDS]
    assert len(set(codes)) == len(codes)
    assert not set(codes) & set(APP_FUNCTION_CODES)
    event_codes = [event.code for event in STANDARD_EVENTS]
    assert len(set(event_codes)) == len(event_codes)
    assert max(event_codes) < FIRST_APP_EVENT


def test_standard_messages_can_be_carried() -> None:
    """They make a dictionary, in which the first two packets of an app are the framework's."""
    dictionary = Dictionary("test", [AppInterface("app", 0x20, STANDARD_COMMANDS, STANDARD_TELEMETRY, STANDARD_EVENTS)])
    assert dictionary.telemetry_of("app", AppHousekeeping).apid == 0x21
    assert dictionary.telemetry_of("app", VerificationReport).apid == 0x22


def test_a_table_part_fits_a_telecommand_frame() -> None:
    """The longest part of a table, with its command, is shorter than the longest TC frame."""
    command = LoadTable("t" * 32, 2**32 - 1, bytes(MAX_TABLE_CHUNK))
    assert len(codec_of(LoadTable).encode(command)) + 8 < 1017
