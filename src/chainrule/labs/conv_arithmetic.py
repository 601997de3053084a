"""The arithmetic of a convolution: sizes, every step by hand, and pooling that is a convolution too.

The exercise. A feature map and some filters are given: the page shows them; `--image` and `--filters` give your own.

1. Which padding gives an output of the same size as the input? Which strides are possible without and with it, and what
   size does the output have for each?
2. Compute the output of every filter with that padding and stride 1, step by step.
3. Take the average pooling of the result, with a window of 2 × 2 and stride 2.
4. Which filter and which stride make a convolution that does the same as this pooling? Show that both are equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

import chainrule as cr
from chainrule import report
from chainrule.labs import Expectation, Lab, LabSettings, Run
from chainrule.labs._windows import Slide, factor, maps, moving, number, stills
from chainrule.nn import functional as F
from chainrule.report import size_formula

Array = npt.NDArray[Any]
IMAGE = "3 3 0 0; 3 3 0 0; 3 3 0 1; 3 3 0 0"
FILTERS = "1 0 -1; 1 0 -1; 1 0 -1 | 0 1 0; 1 -4 1; 0 1 0"
LARGEST, STEPS = 12, 36


@dataclass(frozen=True, kw_only=True)
class Settings(LabSettings):
    """Settings of the lab conv-arithmetic."""

    image: str = IMAGE
    """The feature map: numbers of a row with spaces between them, rows with semicolons: "1 2 3; 4 5 6"."""
    filters: str = FILTERS
    """Filters of one size, written like the feature map, with | between them."""

    def __post_init__(self) -> None:
        height, width = matrix("--image", self.image).shape
        if min(height, width) < 2:
            raise ValueError(f"--image is {height} × {width}: to be pooled it needs at least 2 rows and 2 columns")
        several("--filters", self.filters)


def expected(settings: Settings) -> list[Expectation]:
    """What must come out. Of the default map and filters, some numbers are known from paper."""
    known = [
        Expectation("padding for an output of the same size", equals=1),
        Expectation("strides that fit exactly with it", equals=2),
        Expectation("first output, row 2, column 3", equals=8, form="{:g}"),
        Expectation("first output, pooled, row 1, column 2", equals=3.5),
    ]
    return [
        *(known if (settings.image, settings.filters) == (IMAGE, FILTERS) else []),
        Expectation("greatest difference from conv2d", below=1e-9, form="{:.1e}"),
        Expectation("greatest difference of pooling and its convolution", below=1e-9, form="{:.1e}"),
        Expectation("greatest difference of two steps and one", below=1e-9, form="{:.1e}"),
    ]


# ------------------------------------------------------------------------------------------ numbers from text


def matrix(where: str, text: str) -> Array:
    """Rows of numbers: "1 2; 3 4" -> (2, 2). Raises ValueError that says which row is wrong, and how."""
    rows = [[_value(word, f"{where}, row {i}") for word in row.replace(",", " ").split()]
            for i, row in enumerate(text.split(";"), 1)]  # fmt: skip
    for i, row in enumerate(rows, 1):
        if not row:
            raise ValueError(f"{where}: row {i} has no numbers; write rows like 1 2 3; 4 5 6")
        if len(row) != len(rows[0]):
            raise ValueError(f"{where}: row {i} has {_count(row)}, but row 1 has {_count(rows[0])}")
    if max(len(rows), len(rows[0])) > LARGEST:
        raise ValueError(f"{where} is {len(rows)} × {len(rows[0])}: at most {LARGEST} × {LARGEST} can be shown")
    return np.array(rows)


def several(where: str, text: str) -> Array:
    """Filters of one size: "1 0; 0 1 | 0 1; 1 0" -> (2, 2, 2)."""
    found = [matrix(f"{where}, filter {i}", part) for i, part in enumerate(text.split("|"), 1)]
    for i, each in enumerate(found, 1):
        if each.shape != found[0].shape:
            sizes = [" × ".join(map(str, one.shape)) for one in (each, found[0])]
            raise ValueError(f"{where}: filter {i} is {sizes[0]}, but filter 1 is {sizes[1]}")
    return np.stack(found)


def _value(word: str, where: str) -> float:
    try:
        value = float(word)
    except ValueError:
        raise ValueError(f"{where}: {word!r} is no number") from None
    if not abs(value) <= 1e6:
        raise ValueError(f"{where}: {word} is out of range; numbers from -1e6 to 1e6 can be shown")
    return value


def _count(row: Sequence[float]) -> str:
    return f"{len(row)} number" + "s" * (len(row) != 1)


# ------------------------------------------------------------------------------------------ the arithmetic


@dataclass(frozen=True)
class Convolution:
    """A map (H, W) and filters (O, KH, KW), with the padding that gives outputs of the map's size."""

    image: Array
    filters: Array

    @property
    def total(self) -> tuple[int, int]:
        """Rows and columns of padding, of both sides together: a kernel of K reaches over K − 1 places too many."""
        return self.filters.shape[1] - 1, self.filters.shape[2] - 1

    @property
    def around(self) -> tuple[int, int, int, int]:
        """Above, below, left, right. An odd total cannot be halved: one more comes behind, as in conv2d."""
        rows, columns = self.total
        return rows // 2, rows - rows // 2, columns // 2, columns - columns // 2

    @cached_property
    def padded(self) -> Array:
        """The map with zeros around it."""
        top, bottom, left, right = self.around
        return np.pad(self.image, ((top, bottom), (left, right)))

    @cached_property
    def slides(self) -> list[Slide]:
        """One for each filter: its output by hand, the window put at one place after the other."""
        return [Slide(self.padded, f, slid(self.padded, f), 1, self.around) for f in self.filters]

    @property
    def outputs(self) -> Array:
        """(O, H, W)"""
        return np.stack([slide.out for slide in self.slides])


def slid(x: Array, kernel: Array, stride: int = 1) -> Array:
    """The sum of the products of a filter and what lies under it, at every place: (H, W), (KH, KW) -> (OH, OW)."""
    rows, columns = (size_formula(n, k, stride) for n, k in zip(x.shape, kernel.shape, strict=True))
    out = np.empty((rows, columns))
    for i, j in np.ndindex(rows, columns):
        under = x[i * stride : i * stride + kernel.shape[0], j * stride : j * stride + kernel.shape[1]]
        out[i, j] = np.sum(under * kernel)
    return out


def averages(maps: Array) -> Array:
    """Average pooling by hand, window 2 × 2, stride 2: (O, H, W) -> (O, H/2, W/2)."""
    rows, columns = maps.shape[1] // 2, maps.shape[2] // 2
    cut = maps[:, : 2 * rows, : 2 * columns]  # an odd last row or column lies under no window
    return np.asarray(cut.reshape(-1, rows, 2, columns, 2).mean(axis=(2, 4)))


def by_conv2d(x: Array, filters: Array, **options: Any) -> Array:
    """The same by chainrule's operator: (C, H, W), (O, C/groups, KH, KW) -> (O, OH, OW)."""
    return np.asarray(F.conv2d(cr.from_numpy(x[None]), cr.from_numpy(filters), **options).numpy()[0])


def apart(a: Array, *others: Array) -> float:
    """The greatest difference of any of the others from a, relative to the greatest number of a if that is above 1."""
    return max(float(np.abs(a - other).max()) for other in others) / max(1.0, float(np.abs(a).max()))


def strides(sizes: tuple[int, int], kernel: tuple[int, int]) -> list[tuple[int, int, int, bool]]:
    """(stride, rows, columns, whether it fits) for every stride that moves the window at all along the longer side.

    None where the filter does not fit on the map.
    """
    room = [n - k for n, k in zip(sizes, kernel, strict=True)]
    if min(room) < 0:
        return []
    found = []
    for stride in range(1, max(*room, 1) + 1):
        rows, columns = (size_formula(n, k, stride) for n, k in zip(sizes, kernel, strict=True))
        found.append((stride, rows, columns, all(r % stride == 0 for r in room)))
    return found


def joined(kernel: Array) -> Array:
    """The filter that does with stride 2 what the filter and average pooling do in two steps: (K, K) -> (K+1, K+1)."""
    shifted = [np.pad(kernel, ((i, 1 - i), (j, 1 - j))) for i in (0, 1) for j in (0, 1)]
    return np.asarray(np.mean(shifted, axis=0))


# ------------------------------------------------------------------------------------------ the report, in its order


def experiment(settings: Settings, run: Run) -> None:
    """Sizes, steps, pooling, equality."""
    conv = Convolution(matrix("--image", settings.image), several("--filters", settings.filters))
    default = (settings.image, settings.filters) == (IMAGE, FILTERS)
    the_task(run, conv)
    sizes(run, conv, default)
    step_by_step(run, conv, default)
    pooling(run, conv, default)
    pooling_is_a_convolution(run, conv)


def the_task(run: Run, conv: Convolution) -> None:
    filters = {f"filter {i}": each for i, each in enumerate(conv.filters, 1)}
    run.section(
        "What is given",
        maps({"feature map": conv.image} | filters, ""),
        """A convolution lays a filter on the map, multiplies each number of the filter by the number of the map that
        lies under it, and adds up the products: one number of the output. Then the filter moves on by the *stride*.
        (Strictly, a convolution turns the filter upside down first, and what is described here is a cross-correlation.
        As networks learn their filters, it makes no difference to them, and they leave it out.)""",
    )


def sizes(run: Run, conv: Convolution, default: bool) -> None:
    kernel, (height, width) = conv.filters.shape[1:], conv.image.shape
    rows, columns = conv.total
    odd = rows % 2 == columns % 2 == 0
    possible = {"none": strides(conv.image.shape, kernel), "same": strides(conv.padded.shape, kernel)}
    without, fitting = (" or ".join(str(s) for s, _, _, fits in found if fits) for found in possible.values())
    if default:
        run.measure("padding for an output of the same size", rows // 2)
        run.measure("strides that fit exactly with it", sum(fits for *_, fits in possible["same"]))
    table = [(name, s, f"{r} × {c}", fits) for name, found in possible.items() for s, r, c, fits in found]
    run.section(
        "Padding, strides, sizes",
        """Along an axis of n numbers, padded by p zeros at both ends, a filter of k numbers has room to move by
        n + 2p − k. With steps of s it comes to a stand at""",
        report.formula(
            r"out = \left\lfloor \dfrac{n + 2p - k}{s} \right\rfloor + 1", "out = ⌊(n + 2p − k) / s⌋ + 1"
        ),
        f"""places. **The padding for an output of the same size**, with s = 1, follows from out = n: 2p = k − 1. Here
        the filters are {kernel[0]} × {kernel[1]}, so the rows of zeros are {rows} in all, and the columns {columns}:
        {f"p = {rows // 2} above and below, and p = {columns // 2} to the left and right" if odd else
        "as an odd number cannot be shared evenly, one more of them comes below, or to the right"}. That is one
        reason why filters nearly always have an odd size: only then p = (k − 1)/2 is a whole number.

        **Possible strides** are those that let the window end exactly at the edge: s must divide n + 2p − k, which is
        {height - 1} down and {width - 1} across with this padding (always n − 1). So s can be {fitting} with it, and
        {f"{without} without" if without else "without it the filter does not fit at all"}. Other strides are not
        forbidden: the floor in the formula means that the last rows or columns simply lie under no window.""",
        report.Table(
            ("Padding", "Stride", "Output", "Fits exactly"),
            table,
            f"Filters of {kernel[0]} × {kernel[1]} on {height} × {width}; all strides that leave more than one place.",
        ),
    )  # fmt: skip


def step_by_step(run: Run, conv: Convolution, default: bool) -> None:
    ours = by_conv2d(conv.padded[None], conv.filters[:, None])
    theirs = by_conv2d(conv.image[None], conv.filters[:, None], padding="same")
    difference = apart(conv.outputs, ours, theirs)
    run.measure("greatest difference from conv2d", difference)
    if default:
        run.measure("first output, row 2, column 3", float(conv.outputs[0, 1, 2]))
    first = conv.slides[0]
    places = sorted({0, 1, first.out.shape[1], first.out.size - 1})
    tables = []
    for i, slide in enumerate(conv.slides, 1):
        tables.append(steps_table(slide, f"Filter {i}, place by place"))
    outputs = {f"output {i}": slide.out for i, slide in enumerate(conv.slides, 1)}
    run.section(
        "The outputs, step by step",
        f"""With this padding and stride 1 each filter has {first.out.size} places, from left to right and from top to
        bottom.""",
        moving(first, "conv", "The first filter on its way. The zeros of the padding are pale."),
        stills(first, places, "The same as stills: the first two places, the first of the second row, and the last."),
        *tables,
        maps(outputs, "All outputs."),
        f"""chainrule's own `conv2d`, given the padded map, and given the map and `padding="same"`, differs from these
        numbers {by(difference)}.""",
        *(WHAT_THEY_SEE if default else ()),
    )


WHAT_THEY_SEE = (
    """**What the filters see.** The first one subtracts what is on the right from what is on the left, so it is large
    where the map grows darker to the right: along the edge between the threes and the zeros, in columns 2 and 3. The
    second compares a number with its four neighbours: it is 0 wherever all of them are equal, as in a flat piece of the
    map, and the lonely 1 gives it a −4 of its own.

    And both see something that is not there. The zeros of the padding look like darkness beyond the map, and so the
    first filter finds an edge all along the left border (−9), as strong as the true one. That is the price of an output
    of the same size.""",
)


def pooling(run: Run, conv: Convolution, default: bool) -> None:
    pooled = averages(conv.outputs)
    if default:
        run.measure("first output, pooled, row 1, column 2", float(pooled[0, 0, 1]))
    height, width = conv.image.shape
    rest = height % 2 or width % 2
    corner = conv.outputs[0, :2, :2].ravel()
    run.section(
        "Average pooling",
        f"""A window of 2 × 2 with stride 2 cuts each output into squares that do not overlap, and puts the mean of each
        in its place. {"An odd last row or column is left out." if rest else ""} The first one:
        ({" + ".join(map(factor, corner))}) / 4 = {number(float(corner.mean()))}.""",
        maps({f"output {i}, pooled": each for i, each in enumerate(pooled, 1)}, f"{height} × {width} became "
             f"{pooled.shape[1]} × {pooled.shape[2]}."),
    )  # fmt: skip


def pooling_is_a_convolution(run: Run, conv: Convolution) -> None:
    outputs, quarter = conv.outputs, np.full((2, 2), 0.25)
    pooled, channels = averages(outputs), len(outputs)
    same = by_conv2d(outputs, np.broadcast_to(quarter, (channels, 1, 2, 2)).copy(), stride=2, groups=channels)
    library = np.asarray(F.avg_pool2d(cr.from_numpy(outputs[None]), 2).numpy()[0])
    one_by_one = np.stack([slid(each, quarter, 2) for each in outputs])
    difference = apart(pooled, same, library, one_by_one)
    kernels = np.stack([joined(each) for each in conv.filters])
    one_step = by_conv2d(conv.padded[None], kernels[:, None], stride=2)
    shorter = apart(pooled, one_step)
    run.measure("greatest difference of pooling and its convolution", difference)
    run.measure("greatest difference of two steps and one", shorter)
    run.section(
        "Pooling is a convolution",
        """The mean of four numbers is each of them times ¼, added up: a dot product. So average pooling is the
        convolution with a 2 × 2 filter of quarters and **stride 2**, on each map by itself (in `conv2d`,
        `groups` = the number of maps):""",
        moving(Slide(outputs[0], quarter, pooled[0], 2), "pool", "The first output under the filter of quarters."),
        maps({f"by convolution, {i}": each for i, each in enumerate(same, 1)}, "The same numbers as by pooling."),
        f"""Pooling, as computed above by hand and by chainrule's `avg_pool2d`, and the convolution, by hand and by
        `conv2d`, differ {by(difference)}.

        Two linear steps one after the other are always one: adding up four shifted copies of a filter, each times ¼,
        gives a filter of {kernels.shape[1]} × {kernels.shape[2]} that does convolution *and* pooling in one go, with
        stride 2, on the padded map. It differs from the two steps {by(shorter)}.""",
        maps({f"filter {i}, joined": each for i, each in enumerate(kernels, 1)}, "Convolution and pooling in one."),
        """So average pooling adds nothing that a convolution could not do. Many networks take convolutions of stride 2
        in its place, and learn their weights. *Max*-pooling is another matter: the greatest of four numbers is no
        weighted sum of them, and no filter whatever gives it.""",
    )


# ------------------------------------------------------------------------------------------ small helpers


def steps_table(slide: Slide, caption: str) -> report.Table:
    """Every place of a window: its products, those by 0 left out, and their sum."""
    rows = [
        (", ".join(str(n + 1) for n in slide.place(k)), slide.products(k) or "all are 0", number(slide.out.flat[k]))
        for k in range(min(slide.out.size, STEPS))
    ]
    more = f"; the first {STEPS} of {slide.out.size}" if slide.out.size > STEPS else ""
    return report.Table(("Place", "Map · filter", "Sum"), rows, f"{caption}{more}. Products by 0 are left out.")


def by(difference: float) -> str:
    return f"by at most {difference:.0e}" if difference else "in nothing"


LAB = Lab(
    title="The arithmetic of a convolution",
    topic="theory",
    source="Deep Learning for Engineers",
    data="a map and filters as text",
    time="1 s",
    lead="""How large is the output of a convolution, and what stands in it? All of it by hand, on a map small enough to
    follow, and average pooling unmasked as one more convolution.""",
    exercise=__doc__,
    settings=Settings,
    expected=expected,
    run=experiment,
)
