"""NumPy's .npz files: written for everybody, read without trust."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from chainrule.creation import ones
from chainrule.io import load_npz, save_npz
from chainrule.nn import Linear

ARRAYS = {
    "weight": np.arange(6, dtype=np.float32).reshape(2, 3),
    "columns": np.arange(6.0).reshape(2, 3).T,
    "number": np.array(7),
    "empty": np.zeros((0, 4), np.int32),
    "truths": np.array([True, False]),
    "file": np.arange(3, dtype=np.uint8),  # numpy.savez has an argument of this name
    "a/b.c": np.array([1 + 2j]),
    "truth": np.array(True),
    "half": np.ones(2, np.float16),
}


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_what_numpy_wrote_is_read(tmp_path: Path, write: object) -> None:
    arrays = {name: array for name, array in ARRAYS.items() if name != "file"}
    write(tmp_path / "x.npz", big=np.arange(3, dtype=">i4"), **arrays)  # type: ignore[operator]
    loaded = load_npz(tmp_path / "x.npz")
    np.testing.assert_array_equal(loaded.pop("big"), np.arange(3, dtype=np.int32), strict=True)
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(loaded[name], array, strict=True)


def test_what_is_written_numpy_reads(tmp_path: Path) -> None:
    save_npz(ARRAYS | {"tensor": ones(2)}, tmp_path / "x.npz")
    assert list(tmp_path.iterdir()) == [tmp_path / "x.npz"]
    with np.load(tmp_path / "x.npz", allow_pickle=False) as theirs:
        ours = load_npz(tmp_path / "x.npz")
        assert ours.keys() == set(theirs.files)
        for name in theirs.files:
            np.testing.assert_array_equal(ours[name], theirs[name], strict=True)


def test_a_model_comes_back_and_can_be_changed(tmp_path: Path) -> None:
    model, other = Linear(3, 2), Linear(3, 2)
    save_npz(model.state_dict(), tmp_path / "x")
    loaded = load_npz(tmp_path / "x")
    other.load_state_dict(loaded)
    assert other.weight.tolist() == model.weight.tolist()
    loaded["weight"] += 1


def test_the_same_arrays_give_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        save_npz(ARRAYS, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("arrays", "error", "text"),
    [
        ({"x": np.array([{}])}, TypeError, "'x' is of type object, neither numbers nor truth values"),
        ({"x": np.array(["text"])}, TypeError, "'x' is of type <U4"),
        ({"x": 0.5}, TypeError, r"save_npz\(\): 'x' is a float, not a tensor or an array"),
        ({"x\0y": np.ones(1)}, ValueError, "cannot be a name in a zip file"),
    ],
)
def test_what_cannot_be_written(tmp_path: Path, arrays: dict[str, object], error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        save_npz(arrays, tmp_path / "x")
    assert not list(tmp_path.iterdir())


# ---- hostile files


def written(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def npy(shape: str = "(2,)", descr: str = "'<f4'", data: bytes = bytes(8), order: str = "False") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + data


class Trap:
    """Tells, where it is unpickled, that it was."""

    sprung = False

    @staticmethod
    def spring() -> None:
        Trap.sprung = True

    def __reduce__(self) -> tuple[object, tuple[()]]:
        return Trap.spring, ()


@pytest.mark.parametrize("objects", [np.array([Trap()]), pickle.dumps(Trap())])
def test_no_pickle_is_ever_read(tmp_path: Path, objects: object) -> None:
    path = tmp_path / "x.npz"
    if isinstance(objects, bytes):
        path.write_bytes(objects)
    else:
        np.savez(path, x=objects)
    with pytest.raises(ValueError, match=r"x\.npz.*(pickled Python objects, which are never read|is no \.npz file)"):
        load_npz(path)
    assert not Trap.sprung


@pytest.mark.parametrize(
    ("member", "text"),
    [
        (npy(data=bytes(7)), r"promises \(2,\) of float32 = 8 bytes, it holds only 7"),
        (npy(data=bytes(9)), "it holds more"),
        (npy("(99999999, 999999999)"), r"= 399,999,995,600,000,004 bytes, at most"),
        (npy("(9223372036854775808, 0)", data=b""), "= 0 bytes, at most"),
        (npy("(" + "1, " * 40 + ")"), "it has 40 axes, the limit is 32"),
        (npy("(-2,)"), "header cannot be read"),
        (npy("(2 3)"), "header cannot be read"),
        (npy("__import__('os').abort()"), "header cannot be read"),
        (npy(order="0"), "header cannot be read"),
        (npy(descr="[('a', '<f4')]"), "none of numbers"),
        (npy(descr="'|O'"), "pickled Python objects"),
        (npy(descr="'<U2'"), "of type '<U2', neither numbers nor truth values"),
        (npy(descr="'|V8'"), "of type '|V8', neither"),
        (npy("(" + "9" * 5000 + ",)"), "header cannot be read"),
        (npy()[:30], "header cannot be read"),
        (npy()[:9], "header cannot be read"),
        (b"\x93NUMPY\2\0\xff\xff\xff\xff", "promises 4,294,967,295 bytes of itself"),
        (b"text", "no array as NumPy writes them"),
        (b"", "no array as NumPy writes them"),
    ],
)
def test_lying_members(tmp_path: Path, member: bytes, text: str) -> None:
    with pytest.raises(ValueError, match=text) as caught:
        load_npz(written(tmp_path / "x.npz", {"good.npy": npy(), "w.npy": member}))
    assert str(caught.value).startswith(f"{tmp_path / 'x.npz'}: the array 'w': ")


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    path = written(tmp_path / "x.npz", {"w.npy": npy("(8000000,)", data=bytes(32_000_000))})
    assert path.stat().st_size < 100_000
    with pytest.raises(ValueError, match="at most 1,000,000 more are read"):
        load_npz(path, max_bytes=1_000_000)
    quiet = written(tmp_path / "y.npz", {"w.npy": npy("(2,)", data=bytes(32_000_000))})
    with pytest.raises(ValueError, match="it holds more"):
        load_npz(quiet)


def test_the_limit_is_for_all_arrays_together(tmp_path: Path) -> None:
    path = written(tmp_path / "x.npz", {f"{i}.npy": npy() for i in range(10)})
    assert len(load_npz(path, max_bytes=80)) == 10
    with pytest.raises(ValueError, match=r"the array '9': .* = 8 bytes, at most 7"):
        load_npz(path, max_bytes=79)


def test_two_arrays_of_one_name(tmp_path: Path) -> None:
    path = written(tmp_path / "x", {"w.npy": npy(), "v.npy": npy()})
    path.write_bytes(path.read_bytes().replace(b"v.npy", b"w.npy"))
    with pytest.raises(ValueError, match="two arrays are called 'w'"):
        load_npz(tmp_path / "x")


def test_a_file_that_is_no_array(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"it holds a file 'read\.me', which is no array"):
        load_npz(written(tmp_path / "x", {"read.me": b"text"}))


def test_a_vast_directory_is_not_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x", "w") as archive:
        for i in range(200):
            archive.writestr(f"{i}".zfill(60_000) + ".npy", b"")
    with pytest.raises(ValueError, match="its headers are larger than they may be"):
        load_npz(tmp_path / "x")


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_every_cut_and_every_flipped_bit_of_the_data_is_noticed(tmp_path: Path, compression: int) -> None:
    data = np.random.default_rng(0).bytes(400)
    whole = written(tmp_path / "x", {"w.npy": npy("(100,)", data=data)}, compression).read_bytes()
    start = whole.index(data[:50]) if compression == zipfile.ZIP_STORED else 40
    wrong = [whole[:n] for n in range(len(whole))]
    wrong += [whole[:i] + bytes([whole[i] ^ 1 << i % 8]) + whole[i + 1 :] for i in range(start, start + 400)]
    for content in wrong:
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(ValueError, match=str(tmp_path / "x")):
            load_npz(tmp_path / "x")


def test_truth_values_are_made_of_any_byte(tmp_path: Path) -> None:
    loaded = load_npz(written(tmp_path / "x", {"w.npy": npy("(3,)", "'|b1'", b"\0\1\xfe")}))
    assert (loaded["w"] == np.array([False, True, True])).all()


def test_other_files(tmp_path: Path) -> None:
    content = io.BytesIO()
    np.save(content, np.ones(2))
    (tmp_path / "x.npy").write_bytes(content.getvalue())
    with pytest.raises(ValueError, match=r"x\.npy is no \.npz file, or a damaged one"):
        load_npz(tmp_path / "x.npy")
    with pytest.raises(FileNotFoundError):
        load_npz(tmp_path / "missing.npz")
