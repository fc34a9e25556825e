import struct

import pytest

from ops_tools.sil.report.errors import RasterSizeError
from ops_tools.sil.report.imagery import MAX_SIDE_PX, MaskClass, gallery_item, mask_png, mask_shares, scene_png


def _size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def test_large_scenes_shrink_in_proportion() -> None:
    """Scene and mask end at the same size, with the longest side at its bound."""
    width, height = 450, 300
    band = list(range(width)) * height
    scene, mask = scene_png([band] * 4, width, height), mask_png(bytes(width * height), width, height)
    assert _size(scene) == _size(mask) == (MAX_SIDE_PX, round(MAX_SIDE_PX * 300 / 450))


def test_small_scenes_keep_their_size() -> None:
    """Nothing is blown up."""
    assert _size(scene_png([[5] * 12] * 4, 4, 3)) == (4, 3)


def test_a_band_must_fill_the_scene() -> None:
    """The band that does not is named."""
    with pytest.raises(RasterSizeError, match="green: 4 values needed, 3 found"):
        scene_png([[1] * 4, [1] * 3, [1] * 4, [1] * 4], 2, 2)
    with pytest.raises(RasterSizeError, match="mask"):
        mask_png(b"\0\0\0", 2, 2)


def test_unknown_classes_are_refused() -> None:
    """A mask holds the four classes and nothing else."""
    with pytest.raises(ValueError, match="beyond the palette"):
        mask_png(b"\0\1\2\4", 2, 2)


def test_shares_add_up() -> None:
    """Each pixel counts for its class once."""
    shares = mask_shares(bytes([0, 0, 0, 1, 1, 2, 3, 0]))
    assert shares == {
        MaskClass.CLEAR: 0.5,
        MaskClass.CLOUD: 0.25,
        MaskClass.SHADOW: 0.125,
        MaskClass.NO_DATA: 0.125,
    }


def test_a_gallery_item_carries_both_pictures() -> None:
    """Pixels in, pictures and shares out."""
    item = gallery_item(image=3, target="Perth", taken_s=5.0, bands=[[1, 2]] * 4, mask=b"\1\0", width=2, height=1)
    assert _size(item.scene_png) == _size(item.mask_png) == (2, 1)
    assert (item.clear, item.cloud, item.shadow, item.no_data) == (0.5, 0.5, 0.0, 0.0)
