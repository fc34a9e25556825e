"""What a decoder under fuzz is to the campaign: inputs for it, what it may do with them, and its books."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from random import Random
from typing import ClassVar

import msgspec

from tests.fuzz.mutation import Field, Mutator
from tlm_cmd.errors import ProtocolError

VALID_SHARE = 0.1
"""Inputs that stay as an encoder made them."""
REPAIRED_SHARE = 0.85
"""How likely each layer of a changed input is put right again, so that what lies behind its check is reached."""

ACCEPTED = "accepted"
Repair = Callable[[bytes], bytes]


class BrokenPromiseError(Exception):
    """A decoder did what its documentation excludes: books that do not add up, or a value that is not what came."""


class Target(ABC):
    """One decoder, with what it remembers, and a source of inputs for it.

    A target is made anew for each chunk of a campaign, from nothing but a seed. An input is always octets: where a
    call has several arguments, `run` reads them from the octets.

    Attributes:
        name: unique.
        declared: the exceptions that the decoder may raise on an input; none if it promises to raise nothing.
        reaches: outcomes that some inputs of every few thousand must have, or the fuzz does not get deep enough.
        share: inputs in a whole campaign, in comparison with other targets.
        chunk: inputs that one instance takes.
        most_state_octets: what the packed memory of the decoder never exceeds.
    """

    name: ClassVar[str]
    declared: ClassVar[tuple[type[Exception], ...]] = (ProtocolError,)
    reaches: ClassVar[frozenset[str]] = frozenset()
    share: ClassVar[int] = 10
    chunk: ClassVar[int] = 2000
    most_state_octets: ClassVar[int] = 0

    def __init__(self, chance: Random) -> None:
        self.chance = chance

    @abstractmethod
    def case(self) -> bytes:
        """The next input."""

    @abstractmethod
    def run(self, case: bytes) -> str:
        """Give the decoder an input and return what became of it, in a word.

        Raises:
            BrokenPromiseError: the outcome cannot be.
        """

    def check(self) -> None:  # noqa: B027 - a decoder without memory has no books
        """Make sure that the counters add up to the inputs so far.

        Raises:
            BrokenPromiseError: they do not.
        """

    def memory(self) -> msgspec.Struct | None:
        """The decoder's state; None if it has none."""
        return None

    def restore(self, state: msgspec.Struct) -> None:
        """Let the decoder go on with a state that was packed and unpacked."""
        raise NotImplementedError


class MutatedTarget(Target):
    """A target whose inputs are octets of an encoder, changed and repaired.

    Args:
        chance: all randomness.
        corpus: octets that the decoder accepts.
        fields: see `Mutator`.
        repairs: put a layer right each, from the inside out.
    """

    def __init__(
        self, chance: Random, corpus: Sequence[bytes], fields: Sequence[Field] = (), repairs: Sequence[Repair] = ()
    ) -> None:
        super().__init__(chance)
        self.corpus = corpus
        self.mutator = Mutator(chance, corpus, fields)
        self.repairs = tuple(repairs)

    def case(self) -> bytes:
        """Octets of the corpus, nearly always changed."""
        return self.changed(self.mutator.pick(self.corpus))

    def changed(self, octets: bytes) -> bytes:
        """Octets as they are, or changed and repaired."""
        draw = self.chance.random
        if draw() < VALID_SHARE:
            return octets
        octets = self.mutator.mutate(octets)
        for repair in self.repairs:
            if draw() < REPAIRED_SHARE:
                octets = repair(octets)
        return octets


def promise(kept: object, *, what: str) -> None:
    """Raise BrokenPromiseError unless a promise is kept."""
    if not kept:
        raise BrokenPromiseError(what)


def promise_sum(what: str, total: int, *parts: int) -> None:
    """Raise BrokenPromiseError unless parts add up."""
    if total != sum(parts):
        raise BrokenPromiseError(f"{what}: {total} is not {' + '.join(map(str, parts))}")


class Changes:
    """Says which counter an input has moved: the outcome, where a decoder returns none.

    Args:
        counters: watched.
        names: the counters, those that tell most first.
        otherwise: the outcome if none has moved.
    """

    def __init__(self, counters: msgspec.Struct, names: Sequence[str], otherwise: str) -> None:
        self._counters, self.names, self._otherwise = counters, tuple(names), otherwise
        self._before = [getattr(counters, name) for name in self.names]

    def outcome(self) -> str:
        """The first counter that has moved since the last call."""
        now = [getattr(self._counters, name) for name in self.names]
        before, self._before = self._before, now
        for name, old, new in zip(self.names, before, now, strict=True):
            if old != new:
                return name
        return self._otherwise
