"""What the lab dogs-vs-cats tells, section by section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule import report
from chainrule.data import Draws
from chainrule.report import percent
from chainrule.train import Epoch, standard_error

from ._dogs import CLASSES, Animals, augmentation, smaller, tile
from ._run import Run

Array = npt.NDArray[Any]
Histories = Mapping[str, Sequence[Epoch]]
SHOWN = 24
"""Pictures of a kind that are shown."""
BY_HEART = 0.01
"""The training error below which a network knows its pictures by heart."""
JUDGED = 500
"""Training pictures that are judged after every epoch, as they are."""


def pictures(run: Run, data: Animals, full: bool) -> None:
    """What there is to learn from."""
    (images, labels), cats = data.train, int((data.train.labels == 0).sum())
    n, valid, test = (len(part.labels) for part in (data.train, data.valid, data.test))
    what = """These are photographs as people take them of their animals: near or far, in good light or bad, behind
        wire, on arms, two at once. All were squeezed to 64 × 64 pixels, whatever their shape."""
    if not full:
        what = """These are not photographs, but heads that a few lines of this lab draw, so that it can be run without
        a download: pointed ears for cats, hanging ones for dogs, in any colours, some behind a bar. What holds for
        photographs is found out by `--preset full --data DIR`."""
    run.section(
        "The pictures",
        f"""{what}

        Of those to learn from {valid:,}, drawn at random, are held out: **{n:,} to learn from, {valid:,} to choose by,
        {test:,} to be tested on.** What is chosen is chosen by the held-out ones alone; the test pictures are looked at
        once, at the end. {percent(cats / n)} of the training pictures are cats, so who guesses is right about half of
        the time.""",
        report.Grid(
            [tile(images[i], f"a {CLASSES[labels[i]]}", CLASSES[labels[i]]) for i in range(min(SHOWN, n))],
            "Pictures from the training part.", 64,
        ),
    )  # fmt: skip


def augmentations(run: Run, data: Animals, seed: int) -> None:
    """Each change for itself, and all of them together, on the same two pictures."""
    steps = augmentation()
    some, grids = data.train.images[:2], []
    for name, step in steps.items():
        shown = _variants(some, [step], seed, 3)
        grids.append(report.Grid(shown, f"{name.capitalize()}: two pictures, each followed by three changed ones.", 64))
    together = report.Grid(_variants(some, [*steps.values()], seed, 8), "All at once, as the network gets them.", 64)
    run.section(
        "Augmentation",
        f"""A network that sees the same {len(data.train.labels):,} pictures again and again can learn them by heart. So
        each is changed a little, by chance and anew in every epoch, in ways that leave a cat a cat. Each change says
        something about the world that the network then need not find out for itself:

        **Mirrored**, every second time: left and right do not matter.""",
        grids[0],
        """**Turned** by up to 15°, **zoomed** by 0.9 to 1.4, **moved** by up to a tenth of the side: an animal may be
        anywhere, of any size, and tilted. What a move leaves empty is grey.""",
        grids[1],
        """**Other light**: brightness, contrast and saturation, each times 0.7 to 1.3. Fur looks different in the
        evening.""",
        grids[2],
        together,
        """Pictures to choose by and to be tested on are never changed, save that at the very end the network is asked
        about each test picture and its mirror image, and the two answers are averaged.""",
    )


def _variants(images: Array, steps: Sequence[Any], seed: int, number: int) -> list[report.Tile]:
    """Every picture as it is, and so many times changed."""
    tiles = []
    for i, image in enumerate(images):
        many, draws = np.repeat(image[None], number, 0), Draws(seed + i, 0, np.arange(number))
        for step in steps:
            many = step(many, draws)
        tiles += [tile(image, "as it is", "as it is"), *[tile(changed, "changed") for changed in many]]
    return tiles


# ------------------------------------------------------------------------------------------ networks


def networks(run: Run, data: Animals, models: Mapping[str, Any]) -> dict[str, tuple[int, int]]:
    """The layer tables; parameters and multiply-adds of each setting's model."""
    x = data.normalised(data.train.images[:1])
    tables = {name: report.layers(run.engine, model, x) for name, model in models.items()}
    sizes = {name: report.totals(table) for name, table in tables.items()}
    first, *_, last = tables
    convolution = next(layer for layer in tables[first] if layer.name.startswith("Conv") and layer.input_shape[1] > 3)
    maps, inputs = convolution.shape[0], convolution.input_shape[1]
    run.section(
        "Two networks",
        f"""**A network like VGG** is made of one thing, again and again: a convolution of 3 × 3, ReLU behind it. After
        the first one, and then after every two, pooling halves the picture, and the next two have twice as many feature
        maps: less and less *where*, more and more *what*. At the end stand two dense layers.

        A convolution's output is a stack of *feature maps*, one for each of its filters. A filter consists of
        *kernels*, small squares of weights, one for each map that comes in: the second convolution here has {maps}
        filters for {inputs} maps, so {maps * inputs:,} kernels of 3 × 3, {9 * maps * inputs:,} weights.""",
        _layers("VGG", tables[first]),
        """**The residual network** has the same stages, of twice as many maps, and differs in three things. After every
        convolution stands *batch normalization*: each map is shifted and scaled to mean 0 and deviation 1 over the
        batch, then to a mean and a deviation that it learns; so no layer has to follow what the layers before it do to
        their scale, and greater steps go well. Around every pair of convolutions leads a *shortcut*, relu(x + f(x)):
        the pair need only learn what to change, and gradients pass by undamped. (Where the maps get smaller and more,
        the shortcut takes means of 2 × 2 pixels and mixes the maps by 1 × 1 kernels.) And instead of dense layers that
        know a weight for every place, each last map is averaged to one number, whose mixture is the answer.""",
        _layers("Residual", tables[last]),
        f"""The VGG has {sizes[first][0]:,} parameters and does {sizes[first][1] / 1e6:.1f} million multiply-adds for a
        picture; the residual network {sizes[last][0]:,} and {sizes[last][1] / 1e6:.1f} million, for it pools before its
        first pair. All of it is built of this library's own parts, and all weights begin as random numbers (He's, which
        keep the size of what passes through).""",
    )
    return sizes


def _layers(name: str, table: Sequence[report.Layer]) -> report.Table:
    """Convolutions and dense layers, a row each, the rest in one; kernels and feature maps."""
    rows: list[tuple[Any, ...]] = []
    rest = kernels = maps = 0
    for layer in table:
        if not layer.multiply_adds or "Norm" in layer.name:
            rest += layer.parameters
            continue
        own = layer.module.weight.shape[0] * layer.module.weight.shape[1] if "Conv" in layer.name else 0
        kernels, maps = kernels + own, maps + (layer.shape[0] if own else 0)
        rows.append((layer.name, " × ".join(map(str, layer.shape)), own or "", layer.parameters, layer.multiply_adds))
    if rest:
        rows.append(("all BatchNorm2d", "", "", rest, ""))
    parameters, work = report.totals(list(table))
    head = (f"{name}: layer", "Maps × height × width", "Kernels", "Parameters", "Multiply-adds")
    return report.Table(
        head, rows, "What has nothing to learn, such as pooling, is left out. Multiply-adds are for one picture.",
        total=("All layers", f"{maps:,} maps", kernels, parameters, work),
    )  # fmt: skip


# ------------------------------------------------------------------------------------------ trainings


def by_heart(histories: Histories) -> list[str]:
    """The settings that at the end hardly ever err on pictures they learn from: longer training has little to teach."""
    return [name for name, history in histories.items() if history[-1].metrics["training error"] < BY_HEART]


def settings_compared(
    run: Run, epochs: int, data: Animals, sizes: Mapping[str, tuple[int, int]], histories: Histories, chosen: str
) -> None:
    """The table, the curves, and what they show; the settings are two networks, each plain and augmented."""
    last = {name: history[-1].metrics for name, history in histories.items()}
    rows = [
        (
            f"**{name}**" if name == chosen else name, *sizes[name], f"{m['training loss']:.3f}",
            percent(m["training error"]), f"{m['validation loss']:.3f}", percent(m["validation error"]),
            f"{sum(epoch.seconds for epoch in histories[name]):.0f} s",
        )
        for name, m in last.items()
    ]  # fmt: skip
    head = (
        "Setting", "Parameters", "Multiply-adds", "Training loss", "Training error", "Validation loss",
        "Validation error", "Time",
    )  # fmt: skip
    names, n = list(histories), len(data.valid.labels)
    vgg, residual = ({name: histories[name] for name in pair} for pair in (names[:2], names[2:]))
    run.section(
        "Four settings compared",
        f"""Both networks were trained on pictures as they are and on augmented ones: {epochs} epochs each, by gradient
        descent with Nesterov momentum 0.9, weight decay 0.001 and a learning rate that rises during the first fifth and
        then falls to zero. The labels are smoothed: the right class is to have 95 %, so that nobody is driven to
        certainty. After every epoch all were judged on unchanged pictures, {min(JUDGED, len(data.train.labels)):,} of
        those that they learn from and the {n:,} held out.""",
        report.Table(head, rows, "After the last epoch. The time is that of the training steps alone."),
        _curves(vgg, "loss", "The VGG"),
        _curves(vgg, "error", "The VGG"),
        _curves(residual, "loss", "The residual network"),
        _curves(residual, "error", "The residual network"),
        f"""Where the two curves of a setting part, it learns its pictures and not animals: it overfits. {_gaps(last)}

        {_effects(last)}

        One standard error of such a figure is {100 * standard_error(1 - last[chosen]["validation error"], n):.1f}
        points, and smaller differences mean little. The choice is therefore made by the validation loss, a finer
        measure, for it counts of every picture how sure the answer was, and how wrongly.
        {_choice(histories, chosen)}""",
    )


def _choice(histories: Histories, chosen: str) -> str:
    known = by_heart(histories)
    if not known or chosen in known:
        return f"By it **{chosen}** is the best."
    names = " and ".join(f"*{name}*" for name in known)
    return f"""But what knows its pictures by heart, as {names} here, has little left to learn from them in a longer
        training. Of those that still err on them, **{chosen}** is the best."""


def _gaps(last: Mapping[str, Mapping[str, float]]) -> str:
    """By how much each setting does worse on pictures that it did not learn from."""
    gap = {name: 100 * (m["validation error"] - m["training error"]) for name, m in last.items()}
    most, *others = sorted(gap, key=lambda name: -gap[name])
    rest = ", ".join(f"{gap[name]:.1f} for *{name}*" for name in others)
    return f"""In the end the validation error exceeds the training error by {gap[most]:.1f} points for *{most}*, by
        {rest}."""


def _effects(last: Mapping[str, Mapping[str, float]]) -> str:
    """What each of the two changes did to the validation error, without and with the other one."""
    plain, augmented, residual, both = (100 * m["validation error"] for m in last.values())
    return f"""Augmentation {_moves(augmented - plain)} the validation error of the VGG, and
        {_moves(both - residual)} that of the residual network. The residual network instead of the VGG
        {_moves(residual - plain)} the error without augmentation, and {_moves(both - augmented)} the one with it."""


def _moves(points: float) -> str:
    """What a change does to a number: takes 3.1 points off, adds 0.4 points to."""
    return f"takes {-points:.1f} points off" if points < 0 else f"adds {points:.1f} points to"


def _curves(histories: Histories, what: str, whose: str = "") -> report.Figure:
    """Training and validation curves of some settings."""
    series = {
        f"{name}, {part}" if len(histories) > 1 else part: (
            [epoch.number for epoch in history], [epoch.metrics[f"{part} {what}"] for epoch in history],
        )
        for name, history in histories.items() for part in ("training", "validation")
    }  # fmt: skip
    kind = {"loss": "cross-entropy", "error": "share of pictures taken for the other animal"}[what]
    caption = f"{whose}: {kind}" if whose else kind.capitalize()
    return report.chart(series, "epoch", what, f"{caption} after each epoch.", percent=what == "error")


def long_training(
    run: Run, chosen: str, data: Animals, history: Sequence[Epoch], size: tuple[int, int], small: int
) -> None:
    """The last training, that of the chosen setting."""
    seconds, last = sum(epoch.seconds for epoch in history), history[-1].metrics
    pictures = len(history) * len(data.train.labels)
    side = smaller(data.size)
    work = 6 * size[1] * len(data.train.labels) * (len(history) - small + small * (side / data.size) ** 2)
    quickly = (
        f"""In the first {small} of them the pictures are shrunk to {side} × {side} pixels. A network that averages
        over all places takes pictures of any size, and those cost only {percent((side / data.size) ** 2, 0)} of the
        work; what is found on them serves for the larger ones too."""
        if small
        else ""
    )
    took = f"{seconds / 60:.1f} minutes" if seconds > 100 else f"{seconds:.0f} s"
    least = min(history, key=lambda epoch: epoch.metrics["validation loss"])
    ended = "it was still at its least in the last epoch"
    if least.number < len(history):
        ended = f"its least was {least.metrics['validation loss']:.3f}, in epoch {least.number}"
    run.section(
        "The best one, trained for longer",
        f"""*{chosen[0].upper() + chosen[1:]}* begins anew and is trained for {len(history)} epochs. What is judged and
        kept is the moving average of its weights over about two epochs, for single steps jump to and fro around a
        better place. {quickly}""",
        _curves({chosen: history}, "loss"),
        _curves({chosen: history}, "error"),
        f"""It ends with {percent(last["training error"])} of the training pictures and
        {percent(last["validation error"])} of those held out taken for the other animal. The validation loss is
        {last["validation loss"]:.3f} in the end; {ended}.

        The training steps took {took}: {pictures:,} pictures, {pictures / seconds:,.0f} a second; forward and backward
        that is {work / 1e12:,.1f} TFLOP, {work / seconds / 1e9:,.0f} GFLOP/s.""",
    )


def submission(run: Run, answers: Sequence[tuple[str, float]] | None) -> None:
    """The table for pictures without labels."""
    if answers is None:
        run.section(
            "submission.csv",
            """No folder of pictures without labels was named. With `--unlabelled DIR` its pictures, JPEG or PNG of any
            size, are answered too, and the table `submission.csv`, with the columns id (the file's name without its
            ending) and label (Cat or Dog), is written to the run's folder.""",
        )
        return
    dogs = sum(p > 0.5 for _, p in answers)
    rows = [(name, CLASSES[int(p > 0.5)].capitalize(), percent(p)) for name, p in answers[:10]]
    run.section(
        "submission.csv",
        f"""The {len(answers):,} pictures without labels: {dogs:,} dogs and {len(answers) - dogs:,} cats, says the
        network. The table is in the run's folder.""",
        report.Table(("id", "label", "Probability of a dog"), rows, "Its first rows; the last column is not in it."),
    )
