"""Make the built-in articles of clothing, src/chainrule/data/samples/clothes-*, from the official Fashion-MNIST.

    python scripts/make_clothes.py [DIR]

DIR is the folder of the full set; without it, it is searched where chainrule does. Needs chainrule installed. A second
run gives the same bytes with the same zlib, and the same contents with any.
"""

import sys
from pathlib import Path

import numpy as np
from make_digits import compress, write

from chainrule.data import Images, fashion_mnist
from chainrule.data.idx import encode_idx
from chainrule.data.verify import verify

EACH = {"train": 150, "t10k": 50}
ORIGIN = """\
clothes-*-ubyte.gz: 2,000 articles of clothing of Fashion-MNIST

Origin    Fashion-MNIST by Han Xiao, Kashif Rasul and Roland Vollgraf, Zalando SE
          (https://github.com/zalandoresearch/fashion-mnist): the first 150 training images and the first 50 test images
          of each of its ten classes, in the official order within a class.
Changes   written class by class in turns, as gzipped IDX files, by scripts/make_clothes.py; pixels and labels as they
          were.
Cite      Xiao, Rasul, Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms,
          arXiv:1708.07747 (2017).

Its licence:

The MIT License (MIT) Copyright © 2017 Zalando SE, https://tech.zalando.com

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the “Software”), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED “AS IS”, WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if wrong := [finding for finding in verify(fashion_mnist.SOURCE, folder) if not finding.official]:
        sys.exit(f"this is not the official set: {wrong}")
    full = fashion_mnist.load(folder)
    for name, part in (("train", full.train), ("t10k", full.test)):
        images, labels = first_of_each(part, EACH[name])
        write(f"clothes-{name}-images-idx3-ubyte.gz", compress(encode_idx(images)))
        write(f"clothes-{name}-labels-idx1-ubyte.gz", compress(encode_idx(labels.astype(np.uint8))))
    write("clothes.LICENSE", ORIGIN.encode())


def first_of_each(part: Images, count: int) -> Images:
    """The first so many images of each class, in turns: 0 1 … 9 0 1 …."""
    rows = np.stack([np.flatnonzero(part.labels == label)[:count] for label in range(10)])  # (10, count)
    return Images(part.images[rows.T.ravel()], part.labels[rows.T.ravel()])


if __name__ == "__main__":
    main()
