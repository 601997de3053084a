"""State of any shape in one file, and what becomes of damaged ones."""

import contextlib
import errno
import json
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from chainrule import from_numpy
from chainrule.io import load_tree, save_tree, write_whole
from chainrule.io.whole import name_again
from chainrule.tensor import Tensor

numbers = st.none() | st.booleans() | st.integers(-(2**130), 2**130) | st.floats(allow_nan=False) | st.text(max_size=5)
trees = st.recursive(
    numbers,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.integers(0, 9), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(tree=trees)
def test_every_tree_comes_back(tmp_path_factory: pytest.TempPathFactory, tree: object) -> None:
    path = tmp_path_factory.mktemp("tree") / "x"
    save_tree(tree, path)
    assert load_tree(path) == tree


def test_words_that_mark_a_leaf_are_keys_like_others(tmp_path: Path) -> None:
    tree = {"tensor": "a", "more": {"items": [1]}, "array": {"tensor": 3}}
    save_tree(tree, tmp_path / "x")
    assert load_tree(tmp_path / "x") == tree


@pytest.mark.parametrize(
    "tree",
    [
        {"a": {"b.c": np.ones(2)}, "a.b": {"c": np.zeros(3)}, "a.b.c": np.full(2, 7.0)},
        {0: np.ones(2), "0": np.zeros(2)},
        {"__metadata__": np.ones(2)},  # the format's own name
        {"a": [np.ones(2)], "a.0": np.zeros(2), "a.0 (2)": np.full(2, 7.0)},
        {"": np.ones(2), "a": {"": np.zeros(2)}, "a.": np.full(2, 7.0)},
    ],
)
def test_leaves_with_the_same_path_are_kept_apart(tmp_path: Path, tree: dict[object, object]) -> None:
    save_tree(tree, tmp_path / "tree")
    np.testing.assert_equal(load_tree(tmp_path / "tree"), tree)


def test_tensors_and_arrays_come_back_as_what_they_were(tmp_path: Path) -> None:
    tree = {"state": {0: {"step": 3, "mean": from_numpy(np.arange(6.0).reshape(2, 3).T)}}, "order": np.arange(3)}
    save_tree(tree, tmp_path / "x")
    back = load_tree(tmp_path / "x")
    mean, order = back["state"][0]["mean"], back["order"]
    assert isinstance(mean, Tensor)
    assert mean.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert isinstance(order, np.ndarray)
    assert order.dtype == np.int64
    mean.add_(1)  # what was loaded can be changed


def test_pytorchs_tensors(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    tree = {"w": torch.nn.Parameter(torch.ones(2)), "random": torch.get_rng_state()}
    save_tree(tree, tmp_path / "x")
    back = load_tree(tmp_path / "x", torch.from_numpy)
    assert torch.equal(back["w"], torch.ones(2))
    torch.set_rng_state(back["random"])


def test_what_has_no_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"save_tree\(\): a\.1\.b is a set, which has no place"):
        save_tree({"a": [1, {"b": {1}}]}, tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_tree({"w": from_numpy(np.arange(32.0)), "history": [{"loss": 0.5}]}, tmp_path / "x")
    return tmp_path / "x"


def test_every_flipped_bit_and_every_cut_is_noticed(saved: Path) -> None:
    content = saved.read_bytes()
    rng = np.random.default_rng(0)
    harmless, damaged = 0, [content[:n] for n in rng.integers(0, len(content), 60)]
    for _ in range(400):
        mutated = bytearray(content)
        mutated[rng.integers(len(content))] ^= 1 << rng.integers(8)
        damaged.append(bytes(mutated))
    for i, mutated in enumerate(damaged):
        saved.write_bytes(mutated)
        with contextlib.suppress(ValueError):
            same = load_tree(saved)  # a bit of the header that carries nothing, such as a blank
            assert same["w"].tolist() == list(range(32)), i
            assert same["history"] == [{"loss": 0.5}], i
            harmless += 1
    assert harmless < 10


def test_a_file_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "x").write_text(json.dumps({"a": 1}))
    with pytest.raises(ValueError, match="is damaged, or no checkpoint"):
        load_tree(tmp_path / "x")
    with pytest.raises(FileNotFoundError):
        load_tree(tmp_path / "missing")


def test_a_tree_too_deep_to_read_is_refused(tmp_path: Path) -> None:
    text = "[" * 100_000 + "]" * 100_000
    metadata = {"tree": text, "crc32": str(zlib.crc32(text.encode()))}
    (tmp_path / "x").write_bytes(safetensors.numpy.save({}, metadata))
    with pytest.raises(ValueError, match="is damaged, or no checkpoint"):
        load_tree(tmp_path / "x")


def test_a_full_disk_harms_nothing(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_whole(saved, b"new")
    assert caught.value.filename == str(saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_a_second_name(saved: Path, tmp_path: Path) -> None:
    before, other = saved.read_bytes(), tmp_path / "best"
    for _ in range(2):  # the second time both names belong to the file already
        name_again(saved, other)
        assert other.read_bytes() == before
    write_whole(saved, b"new")
    assert other.read_bytes() == before
    assert sorted(os.listdir(tmp_path)) == ["best", "x"]


def test_a_second_name_where_a_file_has_only_one(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(source: object, target: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    name_again(saved, tmp_path / "best")
    assert (tmp_path / "best").read_bytes() == saved.read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["best", "x"]
