"""The end that is monitored: ping, log, self-test and alarm (CCSDS 355.1-B-1, 3.4)."""

from tlm_cmd.errors import LengthMismatchError
from tlm_cmd.sdls.frame_security import FrameSecurity
from tlm_cmd.sdls.replies import LogDump, LogStatus, SelfTestReply
from tlm_cmd.sdls.security_log import EventCode
from tlm_cmd.sdls.self_test import run_self_test


class SecurityMonitor:
    """Executes monitoring procedures, whose requests have no data; each method returns the data of the reply."""

    def __init__(self, security: FrameSecurity) -> None:
        self._security = security

    def ping(self, data: bytes) -> bytes:
        """Reply.

        Raises:
            LengthMismatchError: the request has data.
        """
        _check_empty(data)
        return b""

    def log_status(self, data: bytes) -> bytes:
        """Tell how full the log is.

        Raises:
            LengthMismatchError: the request has data.
        """
        _check_empty(data)
        log = self._security.state.log
        return LogStatus(len(log.events), log.remaining).pack()

    def dump_log(self, data: bytes) -> bytes:
        """Tell the log.

        Raises:
            LengthMismatchError: the request has data.
        """
        _check_empty(data)
        return LogDump(tuple(self._security.state.log.events)).pack()

    def erase_log(self, data: bytes) -> bytes:
        """Forget the log, and tell how full it is then.

        Raises:
            LengthMismatchError: the request has data.
        """
        _check_empty(data)
        self._security.state.log.erase()
        return self.log_status(data)

    def self_test(self, data: bytes, now_ns: int) -> bytes:
        """Test the ciphers.

        Raises:
            LengthMismatchError: the request has data.
        """
        _check_empty(data)
        passed = run_self_test()
        if not passed:
            self._security.state.log.add(EventCode.SELF_TEST_FAILED, 0, 0, now_ns)
            self._security.state.alarm = True
        return SelfTestReply(passed).pack()

    def reset_alarm(self, data: bytes) -> None:
        """Put the alarm out.

        Raises:
            LengthMismatchError: the request has data.
        """
        _check_empty(data)
        self._security.reset_alarm()


def _check_empty(data: bytes) -> None:
    if data:
        raise LengthMismatchError("request without data", 0, len(data))
