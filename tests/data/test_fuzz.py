"""Hostile files: some hundred of each format here, ten thousand with CHAINRULE_THOROUGH=1. See fuzz_formats.py."""

import random
import subprocess
import sys
from pathlib import Path

import fuzz_formats
import pytest
from fuzz_formats import FORMATS, Broken, Format, fuzz

from thorough import THOROUGH

COUNT = 10_000 if THOROUGH else 200


@pytest.mark.parametrize("name", FORMATS)
def test_no_file_breaks_a_reader(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In a process of its own, whose memory is bounded."""
    words = [sys.executable, fuzz_formats.__file__, name, "--count", str(COUNT)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{name}: {COUNT:,} mutated files, ")
    if THOROUGH:
        with capsys.disabled():
            print(f"\n{done.stdout}", end="")


@pytest.mark.parametrize("name", FORMATS)
def test_sound_files_are_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "box").mkdir()
    (tmp_path / "box/file").write_bytes(FORMATS[name].sound[0])
    assert fuzz_formats.attempt(FORMATS[name], tmp_path / "box/file")


def test_mutations_depend_on_the_seed_alone() -> None:
    rngs = [random.Random(seed) for seed in (1, 1, 2)]  # noqa: S311
    once, again, other = ([fuzz_formats.mutate(rng, FORMATS["idx"]) for _ in range(50)] for rng in rngs)
    assert once == again != other
    assert len(set(once)) > 40


# ---- what would break is noticed


@pytest.mark.parametrize("error", [KeyError, MemoryError, RuntimeError, UserWarning])
def test_another_error_is_noticed(tmp_path: Path, error: type[Exception]) -> None:
    def read(path: Path) -> None:
        if path.read_bytes() != b"sound":
            raise error("no")

    with pytest.raises(Broken, match="no"):
        fuzz(Format([b"sound"], read), 20, 0, tmp_path)
    assert (tmp_path / "box/file").read_bytes() != b"sound"


def test_a_reader_that_does_not_end_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(path: Path) -> None:
        endless = path.read_bytes() != b"sound"
        while endless:
            pass

    monkeypatch.setattr(fuzz_formats, "SECONDS", 1)
    with pytest.raises(Broken, match="not done after 1 seconds"):
        fuzz(Format([b"sound"], read), 20, 0, tmp_path)


@pytest.mark.parametrize("escape", ["../escaped", "beside"])
def test_a_file_beside_the_target_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, escape: str) -> None:
    def unpack(archive: Path, target: Path, **_: int) -> None:
        (target.parent / escape).write_bytes(b"")
        target.mkdir()

    monkeypatch.setattr(fuzz_formats, "unpack", unpack)
    with pytest.raises(Broken, match="left behind, or lacking"):
        fuzz(FORMATS["zip"], 1, 0, tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded by RLIMIT_AS")
def test_memory_beyond_the_bound_is_noticed(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import fuzz_formats as f; from pathlib import Path\n"
        "f.bound_memory(64 << 20)\n"
        "f.fuzz(f.Format([b''], lambda path: bytearray(128 << 20)), 1, 0, Path(sys.argv[2]))\n"
    )
    words = [sys.executable, "-c", code, str(Path(fuzz_formats.__file__).parent), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Broken" in done.stderr
    assert "MemoryError" in done.stderr
