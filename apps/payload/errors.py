"""What the AI payload refuses, with the values that explain it as attributes."""


class PayloadError(Exception):
    """Base of the errors of the AI payload."""


class ManifestError(PayloadError):
    """A model manifest is missing or not valid; correct the file."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"model manifest {path}: {reason}")
        self.path, self.reason = path, reason


class MissingModelError(PayloadError):
    """The file of a model is not where its manifest says; install the package or upload the file."""

    def __init__(self, model_id: str, place: str) -> None:
        super().__init__(f"model {model_id}: {place} is missing")
        self.model_id, self.place = model_id, place


class CorruptModelError(PayloadError):
    """The file of a model is not the one that its manifest describes; do not run it."""

    def __init__(self, model_id: str, quantity: str, expected: str | int, found: str | int) -> None:
        super().__init__(f"model {model_id}: {quantity} is {found}, expected {expected}")
        self.model_id, self.quantity, self.expected, self.found = model_id, quantity, expected, found


class UnsuitableModelError(PayloadError):
    """The network inside a genuine model file does not take the input that its manifest describes."""

    def __init__(self, model_id: str, reason: str) -> None:
        super().__init__(f"model {model_id}: {reason}")
        self.model_id, self.reason = model_id, reason


class UnknownModelError(PayloadError):
    """A request names a model or a variant that this worker does not hold."""

    def __init__(self, kind: str, name: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f"no {kind} is named {name!r}, allowed are {', '.join(allowed)}")
        self.kind, self.name, self.allowed = kind, name, allowed


class WrongImageError(PayloadError):
    """An image is not of the kind that the model takes."""

    def __init__(self, field: str, expected: object, found: object) -> None:
        super().__init__(f"image {field} is {found}, the model takes {expected}")
        self.field, self.expected, self.found = field, expected, found


class UnusableOutputError(PayloadError):
    """A network answered with values that are no probabilities; its memory may be upset, load it again."""

    def __init__(self, model_id: str, values: int) -> None:
        super().__init__(f"model {model_id}: {values} output values are not finite")
        self.model_id, self.values = model_id, values
