"""From a document to a typed structure, with the errors of the simulated spacecraft."""

from typing import Any, TypeVar

import msgspec

from bus_sim.errors import ParameterError
from flightsw import documents

StructType = TypeVar("StructType", bound=msgspec.Struct)


def convert(document: dict[str, Any], kind: type[StructType]) -> StructType:
    """The structure that a document describes.

    Raises:
        ParameterError: a key is unknown or missing, or a value has the wrong type or range.
    """
    try:
        return documents.convert(document, kind)
    except documents.DocumentError as error:
        if not error.key:
            raise ParameterError(error.path, error.reason, error.allowed) from error
        reason = "unknown key" if error.allowed else "is missing"
        raise ParameterError(f"{error.path}.{error.key}".lstrip("."), reason, error.allowed) from error
