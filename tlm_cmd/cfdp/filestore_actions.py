"""Filestore requests that come with a file, and what became of them (CCSDS 727.0-B-5, section 4.9)."""

from collections.abc import Callable, Iterable

import msgspec

from tlm_cmd.cfdp.codes import NOT_PERFORMED, SUCCESSFUL, FilestoreAction
from tlm_cmd.cfdp.errors import FilestoreError
from tlm_cmd.cfdp.filestore import Filestore
from tlm_cmd.cfdp.pdu.tlv import FilestoreRequest, FilestoreResponse

FIRST_REFUSED = 1
"""Status of most actions: what the first name stands for is not there, or cannot be made (5.4.2)."""
SECOND_REFUSED = 2
"""Status: the new name is taken, the second file is not there, or the action is not allowed (5.4.2)."""
NOT_ALLOWED = 3
"""Status of actions with two names: not allowed (5.4.2)."""
MAX_MESSAGE_OCTETS = 80
"""Octets of the reason why something failed."""


def perform(requests: Iterable[FilestoreRequest], filestore: Filestore) -> tuple[FilestoreResponse, ...]:
    """Do what is asked for, in order; behind the first that fails nothing more is done (4.9.5).

    Each either succeeds or has changed nothing. Those before the one that failed stay done.
    """
    responses: list[FilestoreResponse] = []
    failed = False
    for request in requests:
        status, reason = (NOT_PERFORMED, "") if failed else _outcome(request, filestore)
        failed = failed or status != SUCCESSFUL
        message = reason.encode(errors="replace")[:MAX_MESSAGE_OCTETS]
        responses.append(FilestoreResponse(request.action, status, request.first_name, request.second_name, message))
    return tuple(responses)


def _outcome(request: FilestoreRequest, filestore: Filestore) -> tuple[int, str]:
    """Do what is asked for, and return the status and, if the filestore refused it, why."""
    action = _ACTIONS[request.action]
    first, second = request.first_name, request.second_name
    try:
        status = action.status(filestore, first, second)
        if status == SUCCESSFUL:
            action.do(filestore, first, second)
    except FilestoreError as error:
        return action.not_allowed, error.reason
    return status, ""


class _Action(msgspec.Struct, frozen=True):
    """How an action is done.

    Attributes:
        status: that of a request which cannot succeed, `SUCCESSFUL` of one that may.
        do: does it.
        not_allowed: the status if the filestore refuses it.
    """

    status: Callable[[Filestore, str, str], int]
    do: Callable[[Filestore, str, str], None]
    not_allowed: int


def _unless(status: int, *, fine: bool) -> int:
    return SUCCESSFUL if fine else status


def _absent(filestore: Filestore, first: str, _second: str) -> int:
    return _unless(FIRST_REFUSED, fine=filestore.size(first) is None and not filestore.is_directory(first))


def _present(filestore: Filestore, first: str, _second: str) -> int:
    return _unless(FIRST_REFUSED, fine=filestore.size(first) is not None)


def _renamable(filestore: Filestore, first: str, second: str) -> int:
    if filestore.size(first) is None:
        return FIRST_REFUSED
    return _unless(SECOND_REFUSED, fine=filestore.size(second) is None and not filestore.is_directory(second))


def _both_present(filestore: Filestore, first: str, second: str) -> int:
    if filestore.size(first) is None:
        return FIRST_REFUSED
    return _unless(SECOND_REFUSED, fine=filestore.size(second) is not None)


def _directory(filestore: Filestore, first: str, _second: str) -> int:
    return _unless(FIRST_REFUSED, fine=filestore.is_directory(first))


def _anything(_filestore: Filestore, _first: str, _second: str) -> int:
    return SUCCESSFUL


def _deny_file(filestore: Filestore, first: str, _second: str) -> None:
    if filestore.size(first) is not None:
        filestore.delete(first)


def _deny_directory(filestore: Filestore, first: str, _second: str) -> None:
    if filestore.is_directory(first):
        filestore.remove_directory(first)


_ACTIONS = {
    FilestoreAction.CREATE_FILE: _Action(_absent, lambda store, first, _: store.create(first), FIRST_REFUSED),
    FilestoreAction.DELETE_FILE: _Action(_present, lambda store, first, _: store.delete(first), SECOND_REFUSED),
    FilestoreAction.RENAME_FILE: _Action(
        _renamable, lambda store, first, second: store.rename(first, second), NOT_ALLOWED
    ),
    FilestoreAction.APPEND_FILE: _Action(
        _both_present, lambda store, first, second: store.append(first, second), NOT_ALLOWED
    ),
    FilestoreAction.REPLACE_FILE: _Action(
        _both_present, lambda store, first, second: store.replace(first, second), NOT_ALLOWED
    ),
    FilestoreAction.CREATE_DIRECTORY: _Action(
        _absent, lambda store, first, _: store.make_directory(first), FIRST_REFUSED
    ),
    FilestoreAction.REMOVE_DIRECTORY: _Action(
        _directory, lambda store, first, _: store.remove_directory(first), SECOND_REFUSED
    ),
    FilestoreAction.DENY_FILE: _Action(_anything, _deny_file, SECOND_REFUSED),
    FilestoreAction.DENY_DIRECTORY: _Action(_anything, _deny_directory, SECOND_REFUSED),
}
