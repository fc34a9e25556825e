"""Lengths that the packet utilisation standard leaves to each mission (ECSS-E-ST-70-41C, section 7.3 and clause 8)."""

import msgspec

from tlm_cmd.errors import check_range

MAX_WIDTH = 8
_OPTIONAL = ("subschedule_octets", "group_octets", "time_rate_octets", "time_status_octets")


class PusFormats(msgspec.Struct, frozen=True, gc=False):
    """The managed lengths of a mission's fields, in octets; both ends must have the same.

    Attributes:
        time_octets: the time field of telemetry and of service 11, P-field included where it has one.
        failure_code_octets: failure codes of service 1.
        step_octets: step identifiers of service 1.
        structure_octets: structure identifiers of service 3.
        interval_octets: collection intervals of service 3.
        parameter_octets: parameter identifiers of services 3 and 20.
        event_octets: event definition identifiers of service 5.
        function_octets: function identifiers of service 8.
        time_rate_octets: the rate in a time report of service 9; 0 when it is left out.
        time_status_octets: the status in a time report of service 9; 0 when it is left out.
        subschedule_octets: sub-schedule identifiers of service 11; 0 without sub-schedules.
        group_octets: group identifiers of service 11; 0 without groups.
        offset_octets: signed time offsets of service 11.
        count_octets: numbers of repetitions, in all services.

    Raises:
        FieldRangeError: a length is below 1, or below 0 where a field may be left out, or above 8; for times, above 32.
    """

    time_octets: int = 6
    failure_code_octets: int = 2
    step_octets: int = 1
    structure_octets: int = 2
    interval_octets: int = 4
    parameter_octets: int = 2
    event_octets: int = 2
    function_octets: int = 1
    time_rate_octets: int = 1
    time_status_octets: int = 0
    subschedule_octets: int = 0
    group_octets: int = 0
    offset_octets: int = 4
    count_octets: int = 1

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            lowest = 0 if name in _OPTIONAL else 1
            check_range(name, getattr(self, name), lowest, MAX_TIME_OCTETS if name == "time_octets" else MAX_WIDTH)


MAX_TIME_OCTETS = 32
DEFAULT_FORMATS = PusFormats()
