from ops_tools.bench import security
from ops_tools.bench.effort import Effort


def test_figures_of_security() -> None:
    """Frames and megabytes for both lengths of data, each beside the cipher alone."""
    figures = security.measure(Effort(runs=2, share=0.02))
    assert [(each.bench, each.unit, each.runs) for each in figures] == [
        ("sdls", unit, 2) for _ in security.DATA_OCTETS for unit in ("frames/s", "MB/s")
    ]
    for rate, data, octets in zip(figures[::2], figures[1::2], security.DATA_OCTETS, strict=True):
        assert rate.reference is not None
        assert rate.reference.name.startswith("bare AESGCM")
        assert abs(data.median - rate.median * octets / 1e6) < 1e-6 * data.median
