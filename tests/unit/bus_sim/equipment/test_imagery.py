import json
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from bus_sim.equipment import imagery
from bus_sim.equipment.imagery import (
    CLIP_SHAPE,
    SCALE,
    SIDE,
    CloudCoverError,
    MissingImageryError,
    clip,
    expose,
    ground,
    image_file,
    read_clip,
)
from tlm_cmd.products.flags import ProductFlag
from tlm_cmd.products.image_file import ImageHeader, parse_image


def test_the_clip_is_the_real_one() -> None:
    """The clip has the documented shape, plausible reflectances and more infrared than red light, like vegetation."""
    samples = clip()
    assert samples.shape == CLIP_SHAPE
    assert 0 < samples.min() <= samples.max() < SCALE
    assert samples[3].mean() > 2 * samples[2].mean()
    assert clip() is samples
    assert not samples.flags.writeable


def test_the_clip_is_found_without_importing_its_package() -> None:
    """Reading the imagery loads neither spyndex nor the HTTP client that it brings."""
    program = (
        "import sys; from bus_sim.equipment.imagery import clip; clip();"
        "sys.exit('spyndex' in sys.modules or 'requests' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_exposure_is_a_pure_function() -> None:
    """The same seed, target, exposure and cover give the same file; each of them changes it."""
    file = image_file(expose(1, 2, 3, 0.4))
    assert image_file(expose(1, 2, 3, 0.4)) == file
    others = [expose(2, 2, 3, 0.4), expose(1, 3, 3, 0.4), expose(1, 2, 4, 0.4), expose(1, 2, 3, 0.5)]
    assert all(image_file(other) != file for other in others)


def test_scenes_are_the_same_on_every_machine() -> None:
    """A recorded scene comes out again bit by bit."""
    assert zlib.crc32(image_file(expose(2026, 7, 1, 0.4))) == 141_201_018


def test_a_target_keeps_its_ground() -> None:
    """Two visits in clear weather see the same place; other targets are other places, all cut from the clip."""
    visits = [expose(1, 5, exposure, 0.0) for exposure in (0, 1)]
    assert np.array_equal(visits[0].samples, visits[1].samples)
    assert np.array_equal(visits[0].samples, ground(1, 5))
    places = [ground(1, target) for target in range(12)]
    assert len({place.tobytes() for place in places}) == 12
    assert all(place.shape == (4, SIDE, SIDE) for place in places)


def test_clouds_hide_the_ground_and_are_declared() -> None:
    """A cloudy scene is flagged synthetic, is covered as asked and is untouched where the sky is clear."""
    scene = expose(1, 5, 0, 0.4)
    assert scene.flags == ProductFlag.SYNTHETIC_CLOUDS
    assert scene.sky.cover == pytest.approx(0.4, abs=1e-4)
    untouched = (scene.sky.albedo == 0) & (scene.sky.shade == 0)
    assert np.count_nonzero(untouched) > 1000
    assert np.array_equal(scene.samples[:, untouched], ground(1, 5)[:, untouched])


def test_a_clear_scene_is_real() -> None:
    """Without clouds nothing is synthetic."""
    assert expose(1, 5, 0, 0.0).flags == ProductFlag(0)


def test_the_file_holds_the_scene() -> None:
    """Header and samples of the image file are those of the scene, and the truth is not in it."""
    scene = expose(1, 5, 6, 0.3)
    header, pixels = parse_image(image_file(scene))
    assert header == ImageHeader(
        target_id=5,
        exposure_index=6,
        bands=4,
        height=256,
        width=256,
        scale=10_000,
        flags=ProductFlag.SYNTHETIC_CLOUDS,
    )
    assert np.array_equal(np.frombuffer(pixels, ">u2").reshape(header.shape), scene.samples)


def test_drawn_weather_is_varied() -> None:
    """Left to chance, some scenes are clear, some overcast, and about half of all ground is covered."""
    covers = [expose(1, 0, exposure).sky.cover for exposure in range(60)]
    assert 5 <= covers.count(0.0) <= 20
    assert 9 <= sum(cover >= 0.9 for cover in covers) <= 28
    assert np.mean(covers) == pytest.approx(0.52, abs=0.12)


@pytest.mark.parametrize("cover", [-0.01, 1.01, float("nan")])
def test_an_impossible_cover_is_refused(cover: float) -> None:
    """A cover outside 0 to 1 is refused with the value."""
    with pytest.raises(CloudCoverError, match="allowed are 0 to 1"):
        expose(1, 1, 1, cover)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the error says what to install."""
    monkeypatch.setattr(imagery, "_PACKAGE", "no_such_package_of_imagery")
    with pytest.raises(MissingImageryError, match="no_such_package_of_imagery: the package is not installed"):
        clip.__wrapped__()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        ("[[[1, 2", "truncated"),
        ("[[[1, 2]]]", r"shape \(1, 1, 2\), expected \(4, 300, 300\)"),
        ("[[[1], [1, 2]]]", "inhomogeneous"),
        ("[[[70000]]]", "out of bounds"),
        ('{"a": 1}', "Expected `array`"),
    ],
    ids=["missing", "truncated", "shape", "ragged", "too large", "no list"],
)
def test_a_wrong_file_is_refused(tmp_path: Path, content: str | None, reason: str) -> None:
    """A file that is not the clip is refused with its path and the reason."""
    path = tmp_path / "clip.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(MissingImageryError, match=reason) as refusal:
        read_clip(path)
    assert refusal.value.source == str(path)


def test_any_clip_of_the_right_shape_is_read(tmp_path: Path) -> None:
    """The reader takes what JSON says, band by band."""
    path = tmp_path / "clip.json"
    path.write_text(json.dumps(np.arange(4 * 300 * 300).reshape(CLIP_SHAPE).clip(0, 65535).tolist()))
    assert read_clip(path)[0, 1, 2] == 302
