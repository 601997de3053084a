"""What the lab on clothes looks at: the articles as arrays, their families, answers as probabilities, mistakes."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule import report
from chainrule.data import fashion_mnist
from chainrule.data.fashion_mnist import CLASSES
from chainrule.data.transforms import Compose, RandomCrop, RandomHorizontalFlip
from chainrule.train import predict

from ._answers import by_confidence, log_probabilities, mixture, surest_first, tiles
from ._digits import Digits as Clothes
from ._digits import normalised
from ._lab import asked_for

__all__ = [
    "CLASSES", "FAMILIES", "MOVED", "SHOWN", "WHAT", "Array", "Clothes", "articles", "augmentation", "by_chance",
    "in_family", "matrix", "mistakes", "with_mirror",
]  # fmt: skip

Array = npt.NDArray[Any]
FAMILIES = {"tops": (0, 2, 3, 4, 6), "footwear": (5, 7, 9), "trousers": (1,), "bags": (8,)}
"""Classes that are worn in the same place, and look alike."""
FAMILY = np.array([next(i for i, own in enumerate(FAMILIES.values()) if c in own) for c in range(len(CLASSES))])
BOUNDS = (0.5, 0.7, 0.9, 0.99)
"""Of the intervals of confidence."""
SHOWN = 20
"""Mistakes."""
WHAT = "what it is → what it is taken for, how sure."
MOVED = 2
"""Pixels that augmentation moves an article by, at most."""


def articles(full: bool, data: Path | None, held_out: int = 0) -> Clothes:
    """The built-in 1,500 and 500 articles, or all of Fashion-MNIST; so many of the training ones apart, to choose by.

    Raises UsageError if the full set is not in the folder `data`, nor where it is usually kept.
    """
    with asked_for():
        split = fashion_mnist.load(data) if full else fashion_mnist.excerpt()
    train, valid, test = split.hold_out(held_out)
    return normalised(train, test, valid)


def augmentation(data: Clothes) -> Compose:
    """Every article moved by up to two pixels, and half of them mirrored; what comes in at the edge is background."""
    background = float(data.x.min())
    return Compose([RandomCrop(28, padding=MOVED, fill=background), RandomHorizontalFlip()])


# ------------------------------------------------------------------------------------------ answers


def with_mirror(engine: Any, model: Any, x: Array) -> Array:
    """Logarithms of probabilities, each the mean of what the model says of an article and of its mirror image."""
    mirrored = np.ascontiguousarray(x[..., ::-1])
    return mixture([log_probabilities(predict(engine, model, images)) for images in (x, mirrored)])


def in_family(true: Array, taken: Array) -> Array:
    """Whether two classes are of one family, as truth values."""
    same: Array = np.equal(FAMILY[true], FAMILY[taken])
    return same


# ------------------------------------------------------------------------------------------ mistakes


def mistakes(x: Array, labels: Array, answers: Array) -> tuple[float, list[Any]]:
    """The share of mistakes that stay within a family; the most confident as pictures, and whether they are reasonable.

    `answers` are logarithms of probabilities.
    """
    wrong = surest_first(answers, labels)
    if not len(wrong):
        return 1.0, ["There is no mistake to look at."]
    true, taken = labels[wrong], answers.argmax(axis=1)[wrong]
    within, evenly = in_family(true, taken), float(np.mean([by_chance(int(label)) for label in true]))
    share, top = float(within.mean()), wrong[:SHOWN]
    least, kept = float(np.exp(answers[top].max(axis=1).min())), int(within[: len(top)].sum())
    return share, [
        report.Grid(
            tiles(x, labels, answers, top, CLASSES),
            f"The {len(top)} most confident of {len(wrong):,} mistakes: {WHAT}",
            96,
        ),
        f"""**Are they reasonable?** {report.percent(share)} of all mistakes stay within a family: a top is taken for
        another top, a shoe for another shoe. If the wrong answers fell evenly on the nine other classes, it would be
        {report.percent(evenly)}. {_verdict(share, evenly)} Of the {len(top)} mistakes above, in which the network gave
        its wrong answer a probability of at least {report.percent(least, 0)}, {kept} stay within a family.

        What tells a shirt from a T-shirt or a pullover, buttons, a collar, the weight of the cloth, is a few grey
        pixels here, or is not in the picture at all: the labels are the shop's, which knew the article. And not every
        confusion across families is foolish: wide trousers and a dress have one outline.""",
        report.Table(
            ("Confidence of the answer", "Answers", "Right"),
            [(interval, n, report.percent(right)) for interval, n, right in by_confidence(answers, labels, BOUNDS)],
            "How often the network's probabilities come true.",
        ),
    ]


def by_chance(label: int) -> float:
    """The share of the nine other classes that are of the family of this one."""
    others = np.delete(np.arange(len(CLASSES)), label)
    return float(in_family(np.full(len(others), label), others).mean())


def _verdict(within: float, evenly: float) -> str:
    if within > (1 + evenly) / 2:
        return "So most are the confusions of one who sees the outline well and the details badly."
    return "That is more than chance gives." if within > 1.2 * evenly else "That is no more than chance gives."


def matrix(counts: Array) -> report.Heatmap:
    """The confusion matrix with the names of the classes."""
    caption = "Confusion matrix: rows are what an article is, columns what it is taken for."
    return report.Heatmap(counts, CLASSES, caption)
