"""What the lab dogs-vs-cats tells of its test: how many are right, which are not, and what decides."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule import report
from chainrule.report import percent
from chainrule.train import standard_error

from ._dogs import CLASSES, Animals, occlusion, tile
from ._run import Run

Array = npt.NDArray[Any]
SHOWN = 24
"""Pictures of a kind that are shown."""


def test(run: Run, labels: Array, once: Array, dog: Array) -> None:
    """Accuracy, and the two kinds of mistake."""
    n, right, plain = len(labels), float(((dog > 0.5) == labels).mean()), float(((once > 0.5) == labels).mean())
    counts = np.zeros((2, 2), int)
    np.add.at(counts, (labels, (dog > 0.5).astype(int)), 1)
    run.section(
        "The test",
        f"""**{percent(right, 2)} of the {n:,} test pictures are right**; on that many, chance alone moves such a figure
        by about {100 * standard_error(right, n):.1f} points (one standard error). Asked about each picture without its
        mirror image, the network has {percent(plain, 2)} right.""",
        report.Heatmap(counts, CLASSES, "Rows are what a picture shows, columns what it is taken for."),
        f"""{counts[0, 1]:,} cats are taken for dogs, {counts[1, 0]:,} dogs for cats.""",
    )


LOOK = """That is what a measurement says; now look yourself. Is the face to be seen, or a back, a leg, an ear? Is the
    animal small, cut off at the edge, behind wire, in someone's arms, in the dark? Are there two? Has it the ears, the
    fur or the posture of the other one? And would you have known, at 64 × 64 pixels?"""
DRAWN = """Hard by their making are heads with short ears, and those with a bar where the ears are: are these among
    them?"""


def mistakes(run: Run, images: Array, labels: Array, dog: Array, full: bool) -> None:
    """The surest mistakes."""
    wrong = np.abs(dog - labels)  # the probability of the wrong class
    rows = np.argsort(-wrong)[: int((wrong > 0.5).sum())]
    some = rows[:SHOWN]
    run.section(
        "Clearly misclassified",
        f"""{len(rows):,} test pictures are taken for the other animal; these are those with the surest wrong answers.
        Below each stands what it shows, and the probability that the network gives to the *other* animal.""",
        report.Grid(_judged(images, labels, some, wrong), f"The surest mistakes: {len(some)} of {len(rows):,}.", 76),
        _seen(images, some),
        LOOK if full else DRAWN,
    )


def undecided(run: Run, images: Array, labels: Array, dog: Array) -> None:
    """The pictures at which the network shrugs."""
    some = np.argsort(np.abs(dog - 0.5))[:SHOWN]
    low, high = dog[some].min(), dog[some].max()
    run.section(
        "Near 50 %",
        f"""At these {len(some)} test pictures the network is least decided: it gives a dog between {percent(low, 0)}
        and {percent(high, 0)}. Below each stands what it shows, and the probability of a dog.""",
        report.Grid(_judged(images, labels, some, dog), "The least decided, the nearest to 50 % first.", 76),
        _seen(images, some),
    )


def _judged(images: Array, labels: Array, rows: Array, share: Array) -> list[report.Tile]:
    """Pictures with what they show and a probability."""
    names = [CLASSES[labels[i]] for i in rows]
    return [tile(images[i], f"a {name}", f"{name} {percent(share[i], 0)}") for i, name in zip(rows, names, strict=True)]


PROPERTIES = {
    "brightness": ("darker", "brighter"),
    "contrast": ("of less contrast", "of more contrast"),
    "sharpness": ("smoother", "richer in fine detail"),
    "colour": ("greyer", "more colourful"),
}
"""What is measured of a picture, and how those are called that have less and more of it."""


def properties(images: Array) -> dict[str, Array]:
    """Four numbers of each picture: uint8 (N, 3, H, W) -> (N) each, in shares of full brightness."""
    x = images / np.float32(255)
    grey = x.mean(1)  # (N, H, W)
    steps = np.abs(np.diff(grey, axis=1)).mean((1, 2)) + np.abs(np.diff(grey, axis=2)).mean((1, 2))
    return {
        "brightness": grey.mean((1, 2)),
        "contrast": grey.std((1, 2)),
        "sharpness": steps / 2,
        "colour": (x.max(1) - x.min(1)).mean((1, 2)),
    }


def _seen(images: Array, rows: Array) -> str:
    """In what these pictures differ from all the others, by measurement."""
    told = []
    for name, values in properties(images).items():
        distance = (values[rows].mean() - values.mean()) / (values.std() / np.sqrt(max(1, len(rows))) + 1e-12)
        if abs(distance) > 2.5:
            change = values[rows].mean() / values.mean() - 1
            told.append(f"{PROPERTIES[name][int(change > 0)]} (by {percent(abs(change), 0)})")
    if not told:
        return f"""Measured, these {len(rows)} differ from the rest neither in brightness nor in contrast, fine detail
        or colour by more than chance would make them. As far as these four numbers tell, it is not the light."""
    return f"""Measured, these {len(rows)} pictures are, on average, {", ".join(told)} than all test pictures."""


def what_decides(run: Run, model: Any, data: Animals, dog: Array) -> None:
    """What happens when a part of a picture is hidden: of some that are surely right, and of the surest mistakes."""
    (images, labels), wrong = data.test, np.abs(dog - data.test.labels)
    order = np.argsort(wrong)
    right = [i for label in (0, 1) for i in order[labels[order] == label][:2] if wrong[i] < 0.5]
    mistaken = [i for i in order[::-1][:4] if wrong[i] > 0.5]
    side = data.size // 4

    def shown(rows: list[Any]) -> list[report.Tile]:
        tiles = []
        for i in rows:
            name, answer = CLASSES[labels[i]], CLASSES[int(dog[i] > 0.5)]
            fall = occlusion(run.engine, model, data, images[i], int(dog[i] > 0.5))
            tiles += [
                tile(images[i], f"a {name}", name),
                report.Tile(report.plane(fall), "what decides", f"→ {answer}"),
            ]
        return tiles

    kinds = {"Right": shown(right), "Mistakes": shown(mistaken)}
    run.section(
        "What the answer hangs on",
        f"""A grey square of {side} × {side} pixels is moved over a picture, and the network asked each time. The map
        beside the picture shows what that does to its answer: where hiding lowers the probability of the answer that it
        gave, it is red, and there is what spoke for it; where hiding raises it, blue, and there is what spoke against.
        Each map has its own scale.""",
        *[
            report.Grid(tiles, f"{kind}: a picture, and what its answer hangs on.", 76)
            for kind, tiles in kinds.items()
            if tiles
        ],
    )


def sureness(run: Run, labels: Array, dog: Array) -> None:
    """How often the network is right when it says that it is sure."""
    sure, right = np.maximum(dog, 1 - dog), (dog > 0.5) == labels
    edges = [0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    rows: list[tuple[Any, ...]] = []
    for low, high in pairwise(edges):
        here = (sure >= low) & ((sure < high) | (high == 1))
        if here.any():
            bounds = f"{percent(low, 0)} to {percent(high, 0)}"
            rows.append((bounds, int(here.sum()), percent(sure[here].mean()), percent(right[here].mean())))
    difference = 100 * float(sure.mean() - right.mean())
    word = "about as sure as it may be"
    if abs(difference) > 2:
        word = "surer than it may be" if difference > 0 else "less sure than it might be"
    run.section(
        "May one believe it?",
        """The network gives a probability. If that is to mean something, of the pictures at which it is 80 % sure it
        must have 80 % right.""",
        report.Table(
            ("Sure by", "Pictures", "Sure on average", "Right"), rows,
            "Test pictures by the greater of their two probabilities.",
        ),
        f"""All in all it is {percent(sure.mean())} sure and {percent(right.mean())} right: {word}. (Smoothed labels
        teach it not to be certain.)""",
    )  # fmt: skip
