"""Drawn heads of cats and dogs: made-up pictures for a run that has no photographs.

Both have a head, two eyes, a nose and two ears in fur of any colour, before any background, of any size and a little
tilted. A cat's ears stand up and are pointed, a dog's hang down at the sides; how long they are varies, and short
ones are hard to tell. A bar may hide a part, and there is noise over all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.data import Images, Split

__all__ = ["drawn"]

Array = npt.NDArray[Any]
CAT, DOG = 0, 1


def drawn(train: int, test: int, size: int, seed: int = 0) -> Split:
    """So many pictures of each part, uint8 (N, 3, size, size), and labels 0 cat, 1 dog; the seed decides them all."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, train + test)
    images = np.concatenate([_heads(rng, some, size) for some in np.array_split(labels, max(1, len(labels) // 250))])
    return Split(Images(images[:train], labels[:train]), Images(images[train:], labels[train:]))


def _heads(rng: np.random.Generator, labels: Array, size: int) -> Array:
    """(N) -> uint8 (N, 3, size, size)."""
    N = len(labels)
    u, v, unit = _places(rng, N, size)  # (N, size, size) each: coordinates in which the head is the unit disc
    fur, ground, muzzle = (rng.uniform(low, high, (N, 3, 1, 1)) for low, high in ((0.1, 0.6), (0.35, 0.95), (0.3, 0.9)))
    picture = ground + rng.uniform(-0.25, 0.25, (N, 3, 1, 1)) * (v / 4)[:, None]  # lighter to the top, or darker

    def paint(inside: Array, color: Array) -> None:
        """`inside` is the distance to the edge, in units of the head, positive inside."""
        nonlocal picture
        cover = np.clip(0.5 + inside * unit, 0, 1)[:, None]  # (N, 1, size, size)
        picture = picture * (1 - cover) + color * cover

    long = rng.uniform(0.3, 1, (N, 1, 1))
    dog = (labels == DOG)[:, None, None]
    paint(np.where(dog, _hanging(u, v, long), _pointed(u, v, long)), 0.8 * fur)
    paint(_disc(u, v, 0, 0, 1, 0.95), fur)
    paint(_disc(u, v, 0, 0.45, 0.45, 0.35), 0.5 * fur + 0.5 * muzzle)
    paint(_disc(np.abs(u), v, 0.4, -0.2, 0.14, 0.16), np.full((N, 3, 1, 1), 0.05))
    paint(_disc(u, v, 0, 0.32, 0.16, 0.1), np.full((N, 3, 1, 1), 0.1))
    offset, turn = rng.uniform(-1.2, 1.2, (N, 1, 1)), rng.uniform(0, np.pi, (N, 1, 1))
    bar = 0.22 - np.abs(np.cos(turn) * u + np.sin(turn) * v - offset)
    paint(np.where(rng.random((N, 1, 1)) < 0.3, bar, -9), rng.uniform(0, 1, (N, 3, 1, 1)))
    picture = picture + rng.normal(0, 0.05, picture.shape)
    pixels: Array = np.rint(255 * picture.clip(0, 1)).astype(np.uint8)
    return pixels


def _places(rng: np.random.Generator, N: int, size: int) -> tuple[Array, Array, Array]:
    """Each pixel's place as seen from the head, across and down, and how many pixels the head's radius has."""
    radius = rng.uniform(0.18, 0.28, (N, 1, 1)) * size
    x0, y0 = (rng.uniform(0.42, 0.58, (2, N, 1, 1))) * size
    turn = rng.normal(0, 0.2, (N, 1, 1))
    y, x = np.indices((size, size)) + 0.5
    right, down = (x - x0) / radius, (y - y0) / radius
    return np.cos(turn) * right + np.sin(turn) * down, np.cos(turn) * down - np.sin(turn) * right, radius


def _disc(u: Array, v: Array, across: float, down: float | Array, width: float | Array, height: float | Array) -> Array:
    """How far inside an ellipse of these half axes, about."""
    inside: Array = (1 - np.hypot((u - across) / width, (v - down) / height)) * np.minimum(width, height)
    return inside


def _pointed(u: Array, v: Array, long: Array) -> Array:
    """How far inside a cat's ears: triangles on the head, whose tips are the higher the longer they are."""
    tip = -0.75 - 0.85 * long
    outer = 0.95 - np.abs(u) + 0.35 * (v + 0.4)
    inner = np.abs(u) - 0.15 - 0.45 * (v + 0.9) / (tip + 0.9)
    inside: Array = np.minimum.reduce([outer, inner, v - tip, -v])
    return inside


def _hanging(u: Array, v: Array, long: Array) -> Array:
    """How far inside a dog's ears: ellipses at the sides, which hang the lower the longer they are."""
    return _disc(np.abs(u), v, 0.92, -0.35 + 0.6 * long, 0.2 + 0.16 * long, 0.35 + 0.5 * long)
