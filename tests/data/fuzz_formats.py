"""Hostile files: every format that is read, mutated thousands of times.

    python tests/data/fuzz_formats.py [FORMAT ...] [--count 10000] [--seed 0]

Whatever a file holds, it is read or refused with ValueError or OSError, within the format's memory and ten seconds; an
archive writes nothing but plain files below its target, and nothing at all if it is refused. A file that breaks this is
kept and named, and the exit status is 1.
"""

import argparse
import gzip
import io
import json
import random
import shutil
import signal
import struct
import sys
import tarfile
import tempfile
import time
import traceback
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import safetensors.numpy
from made_up_sets import jpeg, records

from chainrule.data import cifar10, imdb, mnist, read_idx, read_image, read_lines, read_pairs, read_vectors
from chainrule.data.archive import unpack
from chainrule.data.idx import encode_idx
from chainrule.io import load_file, load_npz
from chainrule.io.tree import load_tree

MIB = 1 << 20
SECONDS = 10
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  (files need not reach a disk)
Mutation = Callable[[random.Random, bytearray], None]


class Format(NamedTuple):
    """A format: sound files, what reads one, pieces that mean something in it, and how checksums are made right."""

    sound: list[bytes]
    read: Callable[[Path], Any]
    pieces: Sequence[bytes] = ()
    repair: Callable[[bytes], bytes] = bytes
    memory: int = 256 * MIB


class Broken(Exception):
    """A reader did what no file may make it do."""


# ---- mutations


def truncate(rng: random.Random, data: bytearray) -> None:
    del data[rng.randrange(len(data) + 1) :]


def flip(rng: random.Random, data: bytearray) -> None:
    for _ in range(rng.choice((1, 1, 2, 8))):
        data[place(rng, data)] ^= 1 << rng.randrange(8)


def randomize(rng: random.Random, data: bytearray) -> None:
    start = place(rng, data)
    data[start : start + rng.choice((1, 2, 4, 16))] = rng.randbytes(rng.choice((1, 2, 4, 16)))


def remove(rng: random.Random, data: bytearray) -> None:
    start = place(rng, data)
    del data[start : start + rng.choice((1, 2, 4, 8, 512))]


def repeat(rng: random.Random, data: bytearray) -> None:
    start = place(rng, data)
    data[start:start] = data[start : start + rng.choice((1, 4, 64, 512, 1024))] * rng.choice((1, 2, 50))


def number(rng: random.Random, data: bytearray) -> None:
    """A number that means trouble, in the place of another."""
    value = rng.choice(
        (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 1)
    )
    size = rng.choice([n for n in (1, 2, 4, 8) if value < 256**n])
    start = place(rng, data)
    data[start : start + size] = value.to_bytes(size, rng.choice(("big", "little")))


def place(rng: random.Random, data: bytearray) -> int:
    """Anywhere, and as often in the first 64 bytes, where headers are."""
    return rng.randrange(min(len(data), rng.choice((64, 1 << 30))))


MUTATIONS: list[Mutation] = [truncate, flip, flip, randomize, remove, repeat, number, number]


def mutate(rng: random.Random, form: Format) -> bytes:
    """A sound file with one to three mutations; as often as not with the right checksums, and sometimes zipped."""
    data = bytearray(rng.choice(form.sound))
    for _ in range(rng.choice((1, 1, 2, 3))):
        if not data:
            break
        if form.pieces and rng.random() < 0.3:
            start, piece = place(rng, data), rng.choice(form.pieces)
            data[start : start + rng.choice((0, len(piece)))] = piece
        else:
            rng.choice(MUTATIONS)(rng, data)
    content = form.repair(bytes(data)) if rng.random() < 0.5 else bytes(data)
    return gzip.compress(content, 1, mtime=0) if rng.random() < 0.1 else content


# ---- formats


def tarred(kinds: dict[str, tuple[bytes, str]], kind: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of members: name -> type and content, or what is linked to."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
        for name, (type_, text) in kinds.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = type_, text if type_ != tarfile.REGTYPE else ""
            info.size = len(text) if type_ == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(text.encode()))
    return file.getvalue()


def zipped(files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED, mode: int = 0) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type, info.external_attr = compression, mode << 16
            archive.writestr(info, data)
    return file.getvalue()


def right_tar(data: bytes) -> bytes:
    """The checksum of every block that may be a header."""
    blocks = [bytearray(data[i : i + 512]) for i in range(0, len(data), 512)]
    for block in blocks:
        if len(block) == 512 and block[257:262] == b"ustar":
            block[148:156] = b"%06o\0 " % (sum(block) - sum(block[148:156]) + 8 * 32)
    return b"".join(blocks)


def right_png(data: bytes) -> bytes:
    """The checksum of every chunk."""
    out, start = bytearray(data), 8
    while start + 12 <= len(out) and data[:4] == b"\x89PNG":
        size = int.from_bytes(out[start : start + 4])
        end = start + 8 + size
        out[end : end + 4] = zlib.crc32(out[start + 4 : end]).to_bytes(4) if end + 4 <= len(out) else b""
        start = end + 4
    return bytes(out)


def right_safetensors(data: bytes) -> bytes:
    """The length of the header: up to the last brace and the blanks behind it."""
    end = data.rfind(b"}") + 1
    end += len(data[end:]) - len(data[end:].lstrip(b" "))
    return struct.pack("<Q", max(0, end - 8)) + data[8:]


def right_checkpoint(data: bytes) -> bytes:
    """The length of the header and, if it can be read, the checksum of text and arrays in it."""
    data = right_safetensors(data)
    start = 8 + int.from_bytes(data[:8], "little")
    try:
        header = json.loads(data[8:start])
        code = zlib.crc32(header["__metadata__"]["tree"].encode())
        for name in sorted(header.keys() - {"__metadata__"}):
            first, last = header[name]["data_offsets"]
            code = zlib.crc32(data[start + first : start + last], code)
        header["__metadata__"]["crc32"] = str(code)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return data
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[start:]


def checkpoint(tree: str) -> bytes:
    """A file of `save_tree` with this text in it, and an array."""
    return right_checkpoint(safetensors.numpy.save({"x": np.arange(3)}, {"tree": tree, "crc32": "0"}))


def tensors(header: dict[str, Any]) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(16)


def npy(header: str, data: bytes, version: int = 1) -> bytes:
    """A member of an .npz: this header, whatever it promises, and the data behind it."""
    size = struct.pack("<H" if version == 1 else "<I", len(header))
    return b"\x93NUMPY" + bytes([version, 0]) + size + header.encode() + data


def right_zip(data: bytes) -> bytes:
    """The checksum of every file whose bytes can still be read, in the directory and before the file."""
    out, entry = bytearray(data), data.find(b"PK\x01\x02")
    while 0 <= entry <= len(data) - 46:
        compression, size, start = (int.from_bytes(data[entry + a : entry + b], "little") for a, b in SPANS)
        first = start + 30 + sum(data[start + 26 : start + 30 : 2]) + 256 * sum(data[start + 27 : start + 30 : 2])
        content = data[first : first + size]
        with suppress(zlib.error):
            code = zlib.crc32(zlib.decompressobj(-15).decompress(content, MIB) if compression else content)
            for place in (entry + 16, start + 14):
                out[place : place + 4] = code.to_bytes(4, "little")
        entry = data.find(b"PK\x01\x02", entry + 4)
    return bytes(out)


def right_npz(data: bytes) -> bytes:
    """A member alone is zipped; what is zipped gets the right checksums."""
    return zipped({"x.npy": data}) if data.startswith(b"\x93") else right_zip(data)


def unpacked(path: Path) -> None:
    """Unpack beside the file; anything else than plain files below the target is a break-out."""
    target, expected = path.parent / "out", {path.parent.name, path.name}
    try:
        unpack(path, target, max_bytes=MIB, max_members=64)
        expected.add(target.name)
    finally:
        if there := {entry.name for folder in path.parents[:2] for entry in folder.iterdir()} ^ expected:
            raise Broken(f"left behind, or lacking: {sorted(there)}")
        if target.name in expected:
            clear(target)


def clear(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise Broken(f"{path} is a link or a device")
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


NAMES = [b"../", b"/", b"..", b"/etc/passwd", b"\\", b"a/../../b", b"C:", b"\0", b"\xff\xfe", b"out", b"set/a.txt"]
FILES = {"set/a.txt": b"one" * 20, "set/b/c": bytes(range(256)) * 8, "set/d/": b""}
REG, SYM, LNK, DIR, CHR = (getattr(tarfile, f"{kind}TYPE") for kind in ("REG", "SYM", "LNK", "DIR", "CHR"))
TARS = [
    tarred({"set/a.txt": (REG, "one" * 20), "set/b": (REG, "x" * 600), "set/c": (REG, "")}),
    tarred({"set/" + "long" * 40: (REG, "one"), "b" * 90: (REG, "two")}, tarfile.GNU_FORMAT),
    tarred({"é" * 30: (REG, "one"), "set": (DIR, ""), "n" * 150: (REG, "two")}),
    tarred({"a": (SYM, "../.."), "a/b": (REG, "one")}),
    tarred({"a": (SYM, ".."), "b": (LNK, "a"), "c": (CHR, "")}),
    tarred({"../out": (REG, "one"), "/abs": (REG, "two")}),
    tarred({"zeros": (REG, "\0" * 2 * MIB)}),
]
TAR_PIECES = [
    *NAMES, *(bytes([kind]) for kind in b"0123456789LKSxgAD"), b"\x80\0\0\0\xff\xff\xff\xff", b"\xff" * 12, b"7" * 11,
    b"31 path=../../escaped.txt\n", b"20 size=99999999999\n", b"22 GNU.sparse.major=1\n",
]  # fmt: skip
ZIPS = [
    zipped(FILES),
    zipped(FILES, zipfile.ZIP_STORED),
    zipped({"../out": b"one", "/abs": b"two"}),
    zipped({"link": b"../.."}, mode=0o120777),
    zipped({"zeros": bytes(2 * MIB)}),
    zipped({f"{i}": b"" for i in range(70)}),
]
ZIP_PIECES = [*NAMES, b"PK\x01\x02", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07", b"\x01\0\x18\0"]
PIXELS = np.random.default_rng(0).integers(0, 256, (6, 4, 3), dtype=np.uint8)
IDX = [encode_idx(PIXELS), encode_idx(np.zeros((0, 4, 3))), gzip.compress(encode_idx(PIXELS))]
IMAGE_PIECES = [
    b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"iCCP", b"zTXt", b"eXIf", b"\xff\xda", b"\xff\xc0", b"\xff\xc2", b"\xff\xc4",
    b"\xff\xe1\0\x10Exif\0\0",
]  # fmt: skip
WEIGHTS = {
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b": np.ones(3, np.int64),
    "c": np.zeros((0, 2), np.bool_),
}
TENSOR = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
TENSORS = [
    safetensors.numpy.save(WEIGHTS, {"made": "up"}),
    tensors({"x": TENSOR}),
    tensors({"x": TENSOR | {"dtype": "BF16", "shape": [8]}}),
    tensors({"x": TENSOR | {"dtype": "F8_E4M3", "shape": [16]}, "__metadata__": {"a": "b"}}),
    tensors({"x": TENSOR | {"shape": [2**62, 4]}}),
]
TENSOR_PIECES = [
    b'"F64"', b'"U8"', b'"BF16"', b'"F4"', b"[1e9]", b"[]", b"-1", b"null", b"{", b"}", b'"__metadata__"', b"[0,16]",
    b'"x":', b"[16]", b"[2,2]", b"[0,0]",
]  # fmt: skip
TREES = [
    checkpoint(json.dumps({"model": {"w": {"tensor": "x"}}, "step": 7, "state": [{"array": "x"}, None, 0.5, "text"]})),
    checkpoint('{"items": [[1, {"items": []}], [[2], 3]]}'),
    checkpoint('[{"tensor": "y"}, {"array": ["x"]}, {"items": 3}, NaN, Infinity, 1e999]'),
    checkpoint("[" * 100_000 + "]" * 100_000),
    checkpoint('{"items": [' * 20_000),
]
TREE_PIECES = [
    b"tensor",
    b"array",
    b"items",
    b"[[",
    b"]]",
    b"{}",
    b"null",
    b'\\"x\\"',
    b"\\ud800",
    b"1e999",
    b"NaN",
    b":",
    b",",
]
SPANS = ((10, 12), (20, 24), (42, 46))
"""Where a zip's directory has the compression, the compressed size and the place of a file."""
FLOATS = "{'descr': '<f4', 'fortran_order': %s, 'shape': %s, }\n"
NPZS = [
    zipped({"w.npy": npy(FLOATS % ("False", "(2, 3)"), bytes(24)), "b.npy": npy(FLOATS % ("True", "()"), bytes(4))}),
    zipped({"w.npy": npy(FLOATS % ("False", "(2, 3)"), bytes(24))}, zipfile.ZIP_STORED),
    zipped({"zeros.npy": npy(FLOATS % ("False", "(500000,)"), bytes(2000000))}),
    npy(FLOATS % ("True", "(2, 3)"), bytes(24)),
    npy(FLOATS % ("False", "(6,)"), bytes(24), 2),
    npy(FLOATS % ("False", "(0, 9)"), b"", 3),
    npy(FLOATS % ("False", "(4611686018427387904, 4)"), bytes(16)),
    npy(FLOATS % ("False", "(9223372036854775808, 0)"), b""),
    npy(FLOATS % ("False", "(" + "1, " * 40 + ")"), bytes(4)),
    npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"\x80\x04N."),
]
NPZ_PIECES = [
    b"|O", b"'|V9'", b"<U9", b"[('a', '<f4')]", b">f8", b"|b1", b"<c16", b"True", b"False", b"(-1,)", b"(2, 3, )",
    b"'shape'", b"'descr'", b".npy", b"(99999999999999999999,)", b"\x93NUMPY", b"{", b"}", b" " * 300, b"1, " * 99,
    *ZIP_PIECES,
]  # fmt: skip
PAIRS = [b"Go.\tVa !\nHi.\tSalut.\tCC-BY\n", "é\tè\r\n".encode() * 50]
PAIR_PIECES = [
    b"\t", b"\n", b"\r", b"\0", b"\xff", b"\xed\xa0\x80", "\u2028".encode(), b"\xf4\x90\x80\x80", b"\xef\xbb\xbf",
]  # fmt: skip
WORDS = ["the 1 -2.5 3e-5\n, 0 0 0\nnaïve 1 2 3".encode(), b"".join(b"w%d 0.25 -0.125\n" % i for i in range(100))]
WORD_PIECES = [
    b" ", b"  ", b"\n", b"nan", b"inf", b"-", b"1e999", b"0x1p3", b"1_0", b"\xff", b"\0", b"1" * 400, b"\t", b"the",
]  # fmt: skip
TABLE = b"label" + b",p" * 784 + b"\n" + b"3" + b",0,255" * 392 + b"\n9" + b", 17" * 784
TABLE_PIECES = [
    b",",
    b"\n",
    b"\r",
    b"-1",
    b"256",
    b"1e3",
    b"0x1",
    b"1_0",
    b"\0",
    b'"',
    b"#",
    b"\xef\xbb\xbf",
    b"9" * 5000,
]
FORMATS = {
    "idx": Format(IDX, lambda path: read_idx(path, (None, None, None))),
    "cifar": Format([records([3, 9]), gzip.compress(records([1]))], cifar10.read_batch),
    "image": Format(
        [jpeg(16, 8), jpeg(16, 8, "PNG"), jpeg(1, 1, "PNG")],
        lambda path: (read_image(path), read_image(path, 8)),
        IMAGE_PIECES,
        right_png,
        memory=768 * MIB,
    ),
    "tar": Format([*TARS, gzip.compress(TARS[0]), gzip.compress(TARS[6])], unpacked, TAR_PIECES, right_tar),
    "zip": Format(ZIPS, unpacked, ZIP_PIECES),
    "npz": Format(NPZS, lambda path: load_npz(path, MIB), NPZ_PIECES, right_npz, memory=64 * MIB),
    "safetensors": Format(TENSORS, load_file, TENSOR_PIECES, right_safetensors),
    "checkpoint": Format(TREES, load_tree, TREE_PIECES, right_checkpoint),
    "tsv": Format(PAIRS, lambda path: (read_pairs(path), read_lines(path)), PAIR_PIECES),
    "csv": Format([TABLE, gzip.compress(TABLE)], mnist.read_csv, TABLE_PIECES),
    "glove": Format(WORDS, read_vectors, WORD_PIECES),
    "review": Format(["Good.<br />é\x85".encode(), b"x" * 4000], lambda path: imdb.read_review(str(path)), PAIR_PIECES),
}


# ---- trying


def attempt(form: Format, path: Path) -> bool:
    """Whether a file was read; False if it was refused. Raises Broken for anything else."""
    try:
        form.read(path)
    except (ValueError, OSError):
        return False
    except Exception as error:
        raise Broken("".join(traceback.format_exception(error))) from error
    return True


def fuzz(form: Format, count: int, seed: int, folder: Path) -> int:
    """Try `count` mutated files; returns how many were read. The one that breaks a reader stays as folder/box/file."""
    rng, read, path = random.Random(seed), 0, folder / "box/file"  # noqa: S311
    path.parent.mkdir()
    for sound in form.sound:
        path.write_bytes(sound)
        attempt(form, path)
    for _ in range(count):
        path.write_bytes(mutate(rng, form))
        with in_time():
            read += attempt(form, path)
    return read


@contextmanager
def in_time() -> Iterator[None]:
    def late(*_: object) -> None:
        raise Broken(f"not done after {SECONDS} seconds")

    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, late)
        signal.alarm(SECONDS)
    try:
        yield
    finally:
        if hasattr(signal, "SIGALRM"):
            signal.alarm(0)


def bound_memory(size: int) -> None:
    """No more memory for this process than it has, and `size` bytes: beyond them, MemoryError."""
    if sys.platform == "linux":
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + size
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("formats", nargs="*", default=[*FORMATS], help=", ".join(FORMATS))
    parser.add_argument("--count", type=int, default=10_000, help="mutated files of each format")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("error")
    for name in options.formats:
        folder, start = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-", dir=MEMORY)), time.perf_counter()
        bound_memory(FORMATS[name].memory)
        try:
            read = fuzz(FORMATS[name], options.count, options.seed, folder)
        except Broken as error:
            print(f"{name}: {folder / 'box/file'} breaks its reader\n{error}")
            return 1
        refused, seconds = options.count - read, time.perf_counter() - start
        print(
            f"{name}: {options.count:,} mutated files, {read:,} read, {refused:,} refused, {seconds:.1f} s", flush=True
        )
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
