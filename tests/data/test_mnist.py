"""MNIST: the built-in digits, the split of the lab, and the official files where they are at hand."""

import gzip
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from chainrule.data import Images, digits, digits_split, folders, mnist
from chainrule.data.idx import encode_idx


def _hash(array: np.ndarray) -> str:
    return hashlib.sha256(encode_idx(array)).hexdigest()


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """The three roots that are searched when no folder was asked for, in their order, all empty."""
    monkeypatch.setenv("CHAINRULE_DATA", str(tmp_path / "env"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(folders, "SYSTEM", tmp_path / "system")
    return {"env": tmp_path / "env", "cache": tmp_path / "cache/chainrule", "system": tmp_path / "system"}


def put(folder: Path, names: list[str], pixel: int = 0) -> None:
    """A small set in the official layout: 3 training and 2 test images, all of one colour."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = [array for n in (3, 2) for array in (np.full((n, 28, 28), pixel), np.arange(n))]
    for name, array in zip(names, arrays, strict=True):
        content = encode_idx(array)
        (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)


OFFICIAL = list(mnist.SHA256)
SPELLINGS = {
    "plain": OFFICIAL,
    "gzipped": [f"{name}.gz" for name in OFFICIAL],
    "dotted": [name.replace("-idx", ".idx") for name in OFFICIAL],
    "mixed": [OFFICIAL[0], *(f"{name.replace('-idx', '.idx')}.gz" for name in OFFICIAL[1:])],
}


# ---- the built-in digits


def test_digits_are_the_5000_that_were_built_in() -> None:
    images, labels = digits()
    assert images.shape == (5000, 28, 28)
    assert images.dtype == np.uint8
    assert labels.dtype == np.int64
    assert np.bincount(labels).tolist() == [500] * 10
    assert _hash(images) == "a4a9358b9ba319305e7cd69b2c7410e463401e152d7e9e60189b94a3f159d012"
    assert _hash(labels) == "704256e87519240fd1d7ecdf681fe209864691e252c6642aeadc21f3c4d44b41"


def test_the_samples_are_small_and_carry_their_licence() -> None:
    sizes = {path.name: path.stat().st_size for path in mnist.SAMPLES.glob("digits*")}
    assert sizes.keys() == {"digits-images-idx3-ubyte.gz", "digits-labels-idx1-ubyte.gz", "digits.LICENSE"}
    assert sum(sizes.values()) < 1 << 20
    notice = (mnist.SAMPLES / "digits.LICENSE").read_text()
    assert "Sebastian Raschka" in notice
    assert "Yann LeCun" in notice


# ---- the split


def _keys(part: Images) -> list[bytes]:
    return [image.tobytes() for image in part.images]


def test_the_split_is_fixed() -> None:
    train, test = digits_split()
    assert (train.images.shape, test.images.shape) == ((2000, 28, 28), (500, 28, 28))
    assert _hash(train.images) == "b77058909506968cde2f11734a012fa2a3be24d271e7cdeae75724a8763ac38e"
    assert _hash(test.images) == "f63c77b80ddc0cc114d800432ac42afd21ad2859f63d25edea89f87d25395da8"


def test_the_split_is_balanced_and_keeps_its_parts_apart() -> None:
    train, test = digits_split(seed=3)
    truth = dict(zip(_keys(digits()), digits().labels, strict=True))
    for part, each in ((train, 200), (test, 50)):
        assert part.labels.tolist() == list(range(10)) * each
        assert part.labels.tolist() == [truth[key] for key in _keys(part)]
    assert len({*_keys(train), *_keys(test)}) == 2500


def test_seeds_differ_and_a_larger_training_set_keeps_the_test_set() -> None:
    small, large, other = digits_split(), digits_split(train=4500), digits_split(seed=1)
    assert len({*_keys(large.train), *_keys(large.test)}) == 5000
    np.testing.assert_array_equal(large.test.images, small.test.images)
    np.testing.assert_array_equal(large.train.images[:2000], small.train.images)
    assert not np.array_equal(other.test.images, small.test.images)


@pytest.mark.parametrize(("train", "test"), [(2001, 500), (2000, 5), (4600, 500), (-10, 500)])
def test_the_split_refuses_impossible_sizes(train: int, test: int) -> None:
    message = f"train={train}, test={test}: expected multiples of 10, together at most 5000"
    with pytest.raises(ValueError, match=message):
        digits_split(train, test)


# ---- the full set: where it is found


@pytest.mark.parametrize("names", SPELLINGS.values(), ids=SPELLINGS.keys())
@pytest.mark.parametrize("below", ["", "mnist"])
def test_files_are_found_under_every_usual_name(tmp_path: Path, names: list[str], below: str) -> None:
    put(tmp_path / below, names)
    with pytest.warns(UserWarning, match="not MNIST's official file"):
        train, test = mnist.load(tmp_path)
    assert (train.images.shape, test.images.shape) == ((3, 28, 28), (2, 28, 28))
    assert (train.labels.tolist(), test.labels.tolist()) == ([0, 1, 2], [0, 1])


def test_the_search_has_an_order(places: dict[str, Path]) -> None:
    for pixel, root in reversed(list(enumerate(places.values()))):
        put(root / "mnist", OFFICIAL, pixel)
        with pytest.warns(UserWarning, match="not MNIST's official file"):
            assert mnist.load().train.images[0, 0, 0] == pixel


def test_a_folder_that_lacks_a_file_is_passed_over(places: dict[str, Path]) -> None:
    put(places["env"] / "mnist", OFFICIAL, pixel=1)
    put(places["system"] / "mnist", OFFICIAL, pixel=2)
    (places["env"] / "mnist" / OFFICIAL[3]).unlink()
    assert {path.parent for path in folders.find("mnist", OFFICIAL)} == {places["system"] / "mnist"}


def test_a_folder_that_was_asked_for_is_the_only_one(places: dict[str, Path], tmp_path: Path) -> None:
    put(places["env"], OFFICIAL)
    with pytest.raises(FileNotFoundError, match=r"typo or .*typo/mnist: no such folder"):
        mnist.load(tmp_path / "typo")


def test_what_is_missing_is_said(places: dict[str, Path]) -> None:
    put(places["env"] / "mnist", OFFICIAL)
    (places["env"] / "mnist" / OFFICIAL[1]).unlink()
    places["cache"].mkdir(parents=True)
    with pytest.raises(FileNotFoundError) as error:
        mnist.load()
    assert str(error.value).splitlines() == [
        "mnist was not found. Searched:",
        f"  $CHAINRULE_DATA, {places['env']} or {places['env']}/mnist: lacks train-labels-idx1-ubyte",
        f"  the user cache, {places['cache']} or {places['cache']}/mnist: lacks {', '.join(OFFICIAL)}",
        f"  system packages, {places['system']} or {places['system']}/mnist: no such folder",
        "Put these files there, as they are or gzipped (.gz), or name their folder with --data or $CHAINRULE_DATA:",
        *(f"  {name}" for name in OFFICIAL),
        "Or fetch them: chainrule data fetch mnist",
    ]


def test_the_roots_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    monkeypatch.setenv("CHAINRULE_DATA", "")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    cache, system = Path("/home/ada/.cache/chainrule"), Path("/usr/share/datasets")
    assert list(folders.roots().values()) == [cache, system]
    monkeypatch.setenv("CHAINRULE_DATA", "~/data")
    assert list(folders.roots().values()) == [Path("/home/ada/data"), cache, system]
    assert list(folders.roots("~/other").values()) == [Path("/home/ada/other")]


# ---- the full set itself


def table(*lines: tuple[int, int], names: bool = False) -> str:
    """A line for each label and pixel: all pixels are alike, but the first, which is 255."""
    return "".join(
        [",".join(["label", *(f"{i}x{j}" for i in range(28) for j in range(28))]) + "\n"] * names
        + [f"{label},255" + f",{pixel}" * 783 + "\n" for label, pixel in lines]
    )


@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_table_of_text_is_read(names: bool, zipped: bool, tmp_path: Path) -> None:
    content = ("\ufeff" + table((3, 0), (9, 17), names=names) + "\n").encode()
    path = tmp_path / "digits.csv"
    path.write_bytes(gzip.compress(content) if zipped else content)
    images, labels = mnist.read_csv(path)
    assert images.shape == (2, 28, 28)
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    assert labels.tolist() == [3, 9]
    assert (images[1] == 17).sum() == 783
    assert images[1, 0, 0] == 255


def test_a_long_table_is_read_in_blocks(tmp_path: Path) -> None:
    path = tmp_path / "digits.csv"
    path.write_text(table(*((i % 10, i % 256) for i in range(1005))))
    images, labels = mnist.read_csv(path)
    assert labels.tolist() == [i % 10 for i in range(1005)]
    assert images[:, 9, 9].tolist() == [i % 256 for i in range(1005)]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("", "it holds no digits"),
        (table(names=True), "it holds no digits"),
        (table((3, 0)) + "1,2,3\n", "line 2 has 3 values, expected 785: the label and 784 pixels"),
        (table((3, 0)) + table((10, 0)), "line 2, value 1: '10' is no label from 0 to 9"),
        (table((3, 256), names=True), "line 2, value 3: '256' is no pixel from 0 to 255"),
        (table((3, 0)).replace("255", "-1"), "line 1, value 2: '-1' is no pixel from 0 to 255"),
        (table((3, 0)).replace("255", "0.5"), "line 1, value 2: '0.5' is no pixel"),
        ("3," * 5000, "line 1 has 4097 values"),
    ],
)
def test_a_damaged_table_is_told_with_its_line(content: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "digits.csv"
    path.write_text(content)
    with pytest.raises(ValueError, match=f"digits.csv: {text}"):
        mnist.read_csv(path)


@pytest.fixture(scope="module")
def official() -> mnist.Split:
    if not os.environ.get("CHAINRULE_DATA"):
        pytest.skip("needs MNIST's four files in a folder named by CHAINRULE_DATA")
    try:
        return mnist.load(os.environ["CHAINRULE_DATA"])
    except FileNotFoundError as missing:
        pytest.skip(str(missing))


def test_official_counts(official: mnist.Split) -> None:
    assert (official.train.images.shape, official.test.images.shape) == ((60000, 28, 28), (10000, 28, 28))
    train = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    test = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert [np.bincount(part.labels).tolist() for part in official] == [train, test]
    assert official.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]


def test_the_built_in_digits_are_the_first_500_of_each_class(official: mnist.Split) -> None:
    images, labels = official.train
    first = np.concatenate([np.flatnonzero(labels == digit)[:500] for digit in range(10)])
    np.testing.assert_array_equal(digits().images, images[first])
    np.testing.assert_array_equal(digits().labels, labels[first])


def test_one_other_pixel_is_noticed(official: mnist.Split, tmp_path: Path) -> None:
    arrays = [array.copy() for part in official for array in part]
    arrays[2][7, 7, 7] ^= 1
    for name, array in zip(OFFICIAL, arrays, strict=True):
        (tmp_path / name).write_bytes(encode_idx(array))
    with pytest.warns(UserWarning, match="t10k-images-idx3-ubyte is not MNIST's official file") as warned:
        mnist.load(tmp_path)
    assert len(warned) == 1
