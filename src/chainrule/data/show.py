"""Samples of a data set shown: images on a contact sheet, a row for each class; texts as rows of a table."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.data.source import Pictures

TILE, GAP, MARGIN, TEXT, COLUMNS = 64, 4, 12, 14, 10


def contact_sheet(pictures: Pictures, title: str) -> Any:
    """A Pillow image: the title, then for each class its name and its images, enlarged to about 64 pixels or more."""
    from matplotlib import get_data_path
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf", TEXT)
    lines = [line for name, images in pictures.rows.items() for line in _lines(name, images)]
    height, width = (size + GAP for size in lines[0][1][0].shape[:2])
    left = MARGIN + int(max(font.getlength(name) for name, _ in lines)) + 2 * GAP
    top = 2 * MARGIN + TEXT
    right = max(left + width * max(len(tiles) for _, tiles in lines), MARGIN + int(font.getlength(title)))
    sheet = Image.new("RGB", (right + MARGIN, top + len(lines) * height + MARGIN), "white")
    draw = ImageDraw.Draw(sheet)
    draw.text((MARGIN, MARGIN), title, "black", font)
    for row, (name, tiles) in enumerate(lines):
        draw.text((left - 2 * GAP, top + row * height + height // 2), name, "black", font, anchor="rm")
        for column, tile in enumerate(tiles):
            sheet.paste(Image.fromarray(tile), (left + column * width, top + row * height))
    return sheet


def _lines(name: str, images: NDArray[np.uint8]) -> list[tuple[str, list[NDArray[np.uint8]]]]:
    """The images of a class, 10 to a line; its name stands before the first."""
    tiles = [_tile(image) for image in images]
    return [(name if i == 0 else "", tiles[i : i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]


def _tile(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W) or (3, H, W) -> (k·H, k·W, 3): every pixel a square of k by k."""
    coloured = np.stack([image] * 3) if image.ndim == 2 else image
    k = max(1, round(TILE / image.shape[-1]))
    return np.ascontiguousarray(coloured.transpose(1, 2, 0).repeat(k, 0).repeat(k, 1))
