"""What is wrong with the parity of the code words of a block (CCSDS 131.0-B-5, 4.3.4, 4.3.5), in plain Python."""

from typing import Protocol

from tlm_cmd.coding.code_word import remainder, remainder_tables


class ParityDifferences(Protocol):
    """By number, for each code word that is none, the parity of its data exclusive or the parity that it has.

    Data without virtual fill come first in the block, then the parities; octet k belongs to code word k modulo the
    interleave. E is ``correctable``, 8 or 16, and a difference has 2 E octets.
    """

    def __call__(self, block: bytes, correctable: int, interleave: int, *, dual_basis: bool) -> dict[int, bytes]:
        """The differences of a block whose length has been checked."""
        ...


def parity_differences(block: bytes, correctable: int, interleave: int, *, dual_basis: bool) -> dict[int, bytes]:
    """See `ParityDifferences`."""
    tables = remainder_tables(correctable, dual_basis=dual_basis)
    octets = len(block) - tables.parity_octets * interleave
    differences = {}
    for number in range(interleave):
        found = int.from_bytes(block[octets + number :: interleave], "big")
        difference = remainder(tables, block[number:octets:interleave]) ^ found
        if difference:
            differences[number] = difference.to_bytes(tables.parity_octets, "big")
    return differences
