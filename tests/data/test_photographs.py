"""Dogs vs. Cats, and image files: decoded, resized and ordered; names and files that are damaged refused."""

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from made_up_sets import dogs, jpeg, write

from chainrule.data import dogs_vs_cats, images, read_image


def test_an_image_is_channels_first(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)
    PIL.Image.fromarray(pixels).save(tmp_path / "x.png")
    np.testing.assert_array_equal(read_image(tmp_path / "x.png"), pixels.transpose(2, 0, 1))


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "CMYK", "I;16"])
def test_every_kind_of_image_becomes_colour(tmp_path: Path, mode: str) -> None:
    PIL.Image.new(mode, (5, 7)).save(tmp_path / "x", "JPEG" if mode == "CMYK" else "PNG")
    assert read_image(tmp_path / "x").shape == (3, 7, 5)
    assert read_image(tmp_path / "x", 4).shape == (3, 4, 4)


@pytest.mark.parametrize(
    ("mode", "ink", "options"),
    [
        ("RGBA", (0, 0, 0, 255), {}),
        ("LA", (0, 255), {}),
        ("RGB", (1, 1, 1), {"transparency": (0, 0, 0)}),
        ("L", 1, {"transparency": 0}),
        ("P", 1, {"transparency": 0}),
    ],
)
def test_what_is_transparent_is_white_paper(
    tmp_path: Path, mode: str, ink: tuple[int, ...] | int, options: dict[str, Any]
) -> None:
    image = PIL.Image.new(mode, (8, 8))
    if mode == "P":
        image.putpalette([0, 0, 0, 1, 1, 1])
    image.paste(ink, (2, 2, 6, 6))
    image.save(tmp_path / "x.png", **options)
    picture = read_image(tmp_path / "x.png")
    assert (picture[:, 2:6, 2:6] <= 1).all()
    assert picture.astype(int).sum() == 3 * (64 - 16) * 255 + int(picture[:, 2:6, 2:6].sum())
    small = read_image(tmp_path / "x.png", 4)
    assert small[:, 0, 0].min() > 200 > 50 > small[:, 1:3, 1:3].max()


def test_what_is_half_transparent_is_half_paper(tmp_path: Path) -> None:
    PIL.Image.new("RGBA", (2, 2), (0, 0, 200, 51)).save(tmp_path / "x.png")
    assert read_image(tmp_path / "x.png")[:, 0, 0].tolist() == [204, 204, 244]


def test_a_resized_image_looks_as_before(tmp_path: Path) -> None:
    halves = np.zeros((400, 300, 3), np.uint8)
    halves[:200, :, 0] = 250  # red above, black below
    PIL.Image.fromarray(halves).save(tmp_path / "x.jpg")
    small = read_image(tmp_path / "x.jpg", 8)
    assert small[0, :3].min() > 230
    assert small[0, 5:].max() < 20
    assert small[1:].max() < 20


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no JPEG or PNG image, or a damaged one"),
        (b"GIF89a" + bytes(100), "no JPEG or PNG image"),
        (jpeg(40, 40)[:600], "no JPEG or PNG image, or a damaged one .*[Tt]runcated"),
        (jpeg(40, 40, "PNG")[:600], "no JPEG or PNG image, or a damaged one"),
        (jpeg(40, 40, "BMP"), "no JPEG or PNG image"),
    ],
)
def test_a_damaged_image_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = write(tmp_path / "cat.jpg", content)
    with pytest.raises(ValueError, match=message) as error:
        read_image(path)
    assert str(error.value).startswith(f"{path}: ")


def test_an_image_that_would_take_all_memory_is_not_decoded(tmp_path: Path) -> None:
    content = bytearray(jpeg(8, 8, "PNG"))
    content[16:24] = (100_000).to_bytes(4) * 2  # width and height, in the header
    import zlib

    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4)
    with pytest.raises(ValueError, match="pixels"):
        read_image(write(tmp_path / "x.png", bytes(content)))


def test_the_limit_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_PIXELS", 1199)
    with pytest.raises(ValueError, match=r"40 × 30 pixels, the limit is 1,199"):
        read_image(write(tmp_path / "x.jpg", jpeg(40, 30)))


def test_a_missing_file_is_reported_as_such(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_image(tmp_path / "nothing.jpg")


# ---- the folder


def test_kaggle_has_one_folder_and_its_end_is_the_test_part(tmp_path: Path) -> None:
    dogs(tmp_path)
    write(tmp_path / "test/1.jpg", jpeg(8, 8))  # not labelled
    train, test = dogs_vs_cats.load(tmp_path, size=16)
    assert (train.images.shape, test.images.shape) == ((16, 3, 16, 16), (4, 3, 16, 16))
    assert train.labels.tolist() == [0, 1] * 8
    parts = dogs_vs_cats.photographs(tmp_path / "train")
    assert [[f.number for f in part if f.label == 0] for part in parts] == [list(range(8)), [8, 9]]


def test_labelled_files_in_test_are_the_test_part(tmp_path: Path) -> None:
    dogs(tmp_path)
    write(tmp_path / "test/dog.5.jpg", jpeg(8, 8))
    train, test = dogs_vs_cats.load(tmp_path, size=8)
    assert (len(train.labels), test.labels.tolist()) == (20, [1])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("train/cow.1.jpg", b"", r"train/cow\.1\.jpg: expected a name like cat\.0\.jpg"),
        ("train/dog.x.jpg", b"", r"train/dog\.x\.jpg: expected a name"),
        ("test/dog.1.jpg", b"no image", r"test/dog\.1\.jpg: this is no JPEG"),
    ],
)
def test_what_does_not_belong_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    dogs(tmp_path)
    write(tmp_path / name, content)
    with pytest.raises(ValueError, match=message):
        dogs_vs_cats.load(tmp_path, size=8)


def test_an_empty_folder_is_no_data_set(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    with pytest.raises(ValueError, match=r"there are no files cat\.N\.jpg"):
        dogs_vs_cats.load(tmp_path)
