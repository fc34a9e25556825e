"""What an entity refuses to its user (CCSDS 727.0-B-5, 3.4), and what a filestore refuses to an entity (4.9)."""

from tlm_cmd.errors import ProtocolError


class FilestoreError(ProtocolError):
    """A filestore did not do what it was asked for."""

    def __init__(self, operation: str, name: str, reason: str) -> None:
        super().__init__(f"{operation} {name!r}: {reason}")
        self.operation, self.name, self.reason = operation, name, reason


class UnknownEntityError(ProtocolError):
    """The entity is not among those whose parameters are known."""

    def __init__(self, entity_id: int, known: tuple[int, ...]) -> None:
        super().__init__(f"entity {entity_id} is unknown, known are {list(known)}")
        self.entity_id, self.known = entity_id, known


class UnknownTransactionError(ProtocolError):
    """There is no such transaction, named by the entity that sends it and its number there, or it is over."""

    def __init__(self, source_id: int, sequence_number: int) -> None:
        super().__init__(f"transaction {sequence_number} of entity {source_id} is not going on")
        self.source_id, self.sequence_number = source_id, sequence_number


class TooManyTransactionsError(ProtocolError):
    """As many transactions are going on as may, which are ``highest``."""

    def __init__(self, highest: int) -> None:
        super().__init__(f"{highest} transactions are going on, which is as many as may")
        self.highest = highest
