import random

import numpy as np
import pytest

from bus_sim.equipment.clouds import EDGE_THICKNESS, SHADOW_DEPTH, fractal_field, grow_clouds, look_through
from tlm_cmd.products.mask_file import MaskClass

SIDE = 96


@pytest.mark.parametrize("cover", [0.0, 0.001, 0.25, 0.5, 0.9, 1.0])
def test_the_cover_is_the_one_asked_for(cover: float) -> None:
    """The share of cloud is right to the nearest pixel."""
    sky = grow_clouds(random.Random(3), SIDE, cover)
    assert sky.cover == round(cover * SIDE * SIDE) / (SIDE * SIDE)


def test_the_same_stream_grows_the_same_sky() -> None:
    """A sky is a function of its stream, another stream gives another sky."""
    one, same, other = (grow_clouds(random.Random(seed), SIDE, 0.4) for seed in (5, 5, 6))
    assert np.array_equal(one.albedo, same.albedo)
    assert np.array_equal(one.shade, same.shade)
    assert not np.array_equal(one.albedo, other.albedo)


def test_more_cover_is_the_same_sky_with_larger_clouds() -> None:
    """Where a stream puts cloud at a small cover it puts cloud at a larger one."""
    small, large = (grow_clouds(random.Random(9), SIDE, cover).classes == MaskClass.CLOUD for cover in (0.2, 0.5))
    assert np.all(large[small])


def test_albedo_tells_cloud_from_haze() -> None:
    """Every cloud pixel reflects at least what the edge thickness does, every other pixel less; none reflects all."""
    sky = grow_clouds(random.Random(4), SIDE, 0.4)
    edge = 0.15 * EDGE_THICKNESS / (2 + 0.15 * EDGE_THICKNESS)
    cloud = sky.classes == MaskClass.CLOUD
    assert sky.albedo[cloud].min() == pytest.approx(edge)
    assert sky.albedo[~cloud].max() < edge
    assert 0.4 < sky.albedo.max() < 1.0
    assert np.count_nonzero((sky.albedo > 0) & ~cloud) > 50, "no wisps around the clouds"


def test_shadows_are_the_clouds_moved_to_one_side() -> None:
    """Each pixel in shadow sees cloud at one and the same offset, and shade takes at most its depth."""
    sky = grow_clouds(random.Random(4), SIDE, 0.3)
    shadow = sky.classes == MaskClass.SHADOW
    assert np.count_nonzero(shadow) > 100
    assert sky.shade[shadow].min() >= SHADOW_DEPTH / 2
    assert sky.shade.max() == SHADOW_DEPTH
    cloud = sky.classes == MaskClass.CLOUD
    rows, columns = np.nonzero(shadow)
    explained = []
    for down in range(-48, 49):
        for right in range(-48, 49):
            row, column = rows - down, columns - right
            inside = (row >= 0) & (row < SIDE) & (column >= 0) & (column < SIDE)
            if np.all(cloud[row[inside], column[inside]]):
                explained.append((int(np.count_nonzero(inside)), down, right))
    pixels, down, right = max(explained)
    assert pixels > 0.4 * len(rows)
    assert 15 <= max(abs(down), abs(right)) <= 48


def test_a_clear_sky_changes_nothing() -> None:
    """Without clouds the camera sees the ground itself."""
    ground = np.arange(4 * SIDE * SIDE, dtype=np.uint16).reshape(4, SIDE, SIDE)
    assert np.array_equal(look_through(grow_clouds(random.Random(1), SIDE, 0.0), ground, 10_000), ground)


def test_clouds_are_white_and_shadows_dark() -> None:
    """Over dark ground cloud is bright and nearly the same in all bands; in shadow the ground loses light."""
    sky = grow_clouds(random.Random(4), SIDE, 0.4)
    ground = np.full((4, SIDE, SIDE), 800, np.uint16)
    seen = look_through(sky, ground, 10_000)
    thick = sky.albedo > 0.4
    assert seen[:, thick].min() > 3500
    assert np.all(seen == seen[0])
    umbra = (sky.shade == SHADOW_DEPTH) & (sky.albedo == 0)
    assert np.all(seen[:, umbra] == 400)


def test_the_field_has_structure_at_all_scales() -> None:
    """Neighbouring pixels are alike, pixels far apart are not."""
    field = fractal_field(random.Random(2), 256)
    near = np.abs(field[:, 1:] - field[:, :-1]).mean()
    far = np.abs(field[:, 128:] - field[:, :128]).mean()
    assert 4 * near < far
    assert np.abs(field).max() < 1.7
