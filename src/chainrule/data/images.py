"""Labelled images as arrays: the parts of a data set, and image files (JPEG, PNG) read with care."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_PIXELS = 1 << 25  # 8192 × 4096: a larger image is not decoded, it would take half a gigabyte
FORMATS = ("JPEG", "PNG")


class Images(NamedTuple):
    """Labelled images: `images` uint8 (N, H, W) or (N, C, H, W), 0 to 255; `labels` int64 (N,)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


class HeldOut(NamedTuple):
    """Three parts: to learn from, to choose by, to be tested on."""

    train: Images
    valid: Images
    test: Images


class Split(NamedTuple):
    """The two parts of a data set: images to learn from, and others to be tested on."""

    train: Images
    test: Images

    def hold_out(self, count: int = 10_000) -> HeldOut:
        """The last `count` training images apart, to choose by: MNIST's usual 50,000 / 10,000 / 10,000."""
        (images, labels), kept = self.train, len(self.train.labels) - count
        if not 0 <= kept <= len(labels):
            raise ValueError(f"hold_out({count}): there are {len(labels)} training images")
        return HeldOut(Images(images[:kept], labels[:kept]), Images(images[kept:], labels[kept:]), self.test)


def read_image(path: Path, size: int | None = None) -> NDArray[np.uint8]:
    """A JPEG or PNG file as uint8 (3, H, W); with a `size` it is resized to (3, size, size), the whole of it.

    What is transparent is seen on white paper.

    Errors: ValueError, with the path, if it is damaged or larger than 33 million pixels.
    """
    import PIL.Image

    try:
        with PIL.Image.open(path, formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"{image.width} × {image.height} pixels, the limit is {MAX_PIXELS:,}")
            pixels = _decode(image, size)
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except Exception as error:  # Pillow's decoders answer damaged files with exceptions of every kind
        raise ValueError(f"{path}: this is no {' or '.join(FORMATS)} image, or a damaged one ({error})") from error
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))  # (H, W, 3) -> (3, H, W)


def _decode(image: Any, size: int | None) -> NDArray[np.uint8]:
    from PIL.Image import Resampling

    if size is None:
        return np.asarray(_opaque(image))
    image.draft("RGB", (2 * size, 2 * size))  # a JPEG is decoded at an eighth, a quarter, a half if that is enough
    return np.asarray(_opaque(image).resize((size, size), Resampling.LANCZOS))


def _opaque(image: Any) -> Any:
    """The image in RGB, on white paper where it is transparent."""
    import PIL.Image

    if not image.has_transparency_data:
        return image.convert("RGB")
    ink = image.convert("RGBA")
    return PIL.Image.alpha_composite(PIL.Image.new("RGBA", ink.size, "white"), ink).convert("RGB")
