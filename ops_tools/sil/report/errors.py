"""The errors of the report package."""


class ReportError(ValueError):
    """The data of a report contradict themselves, or a saved report cannot be read."""


class SeriesShapeError(ReportError):
    """A column of a series is missing or has another length than its time axis."""

    def __init__(self, column: str, expected: int, found: int | None) -> None:
        state = "is missing" if found is None else f"has {found} values"
        super().__init__(f"column {column!r} {state}, the time axis has {expected}")
        self.column, self.expected, self.found = column, expected, found


class TimeOrderError(ReportError):
    """The time axis of a series does not increase."""

    def __init__(self, index: int, before_s: int, found_s: int) -> None:
        super().__init__(f"time_s[{index}] is {found_s}, must be above {before_s}")
        self.index, self.before_s, self.found_s = index, before_s, found_s


class RasterSizeError(ReportError):
    """Pixels do not fill the raster they are said to fill."""

    def __init__(self, what: str, expected: int, found: int) -> None:
        super().__init__(f"{what}: {expected} values needed, {found} found")
        self.what, self.expected, self.found = what, expected, found
