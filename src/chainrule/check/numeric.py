"""Central differences of plain NumPy functions, and how kinks are told from smooth places.

Along a line t ↦ x + t·v every output j has two one-sided slopes,

    right = (f(x + h·v) − f(x)) / h        left = (f(x) − f(x − h·v)) / h,

and the central difference is their mean. A cotangent u turns the outputs into one number, ⟨u, f(x)⟩, so that
the derivative along the coordinate i is what the pullback must give: (Jᵀu)ᵢ.

Where f is smooth, right − left = h·f'' falls with h. At a kink (a ReLU at 0, a tie in max-pooling) it stays as
it is, however small h becomes. Nothing else counts as a kink, and even there the analytic value must lie between
the two slopes: a wrong gradient cannot hide in one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

__all__ = ["Array", "Comparison", "Function", "Line", "Setting", "compare", "differentiate", "generator"]

Array = npt.NDArray[np.float64]
Function = Callable[[Array], Array]

ROUNDING = 4 * float(np.finfo(np.float64).eps)  # of one output, relative: a few operations' worth
FINEST = 1e-12  # the step below which rounding is all that a difference shows
LADDER = (10.0, 0.1, 0.01)  # the further steps, in units of eps, that a coordinate in doubt is tried with
DIRECTIONS = 3  # random directions that cover a large array
SAMPLE = 64  # coordinates of a large array that are looked at one by one
PATIENCE = 16  # kinks of a large array that are set aside before the search gives up


@dataclass(frozen=True)
class Setting:
    """How a check is made: step, tolerance, seed, and the size up to which every coordinate is looked at."""

    eps: float = 1e-6
    tol: float = 1e-6
    seed: int = 0
    limit: int = 1000

    def __post_init__(self) -> None:
        for name, least in (("eps", FINEST), ("tol", 0)):
            if not least < getattr(self, name) < 1:
                raise ValueError(f"{name} must lie between {least:g} and 1, not {getattr(self, name)}")
        if not 0 <= self.seed < 1 << 32:
            raise ValueError(f"seed must lie between 0 and {(1 << 32) - 1}, not {self.seed}")
        if self.limit < 1:
            raise ValueError(f"limit must be at least 1, not {self.limit}")


def generator(seed: int, purpose: str) -> np.random.Generator:
    """Random numbers for one purpose only: if x and its cotangent were equal, dy.T @ x would pass for x.T @ dy."""
    return np.random.default_rng([seed, *purpose.encode()])


def relative_error(analytic: npt.ArrayLike, numeric: npt.ArrayLike, tiny: npt.ArrayLike) -> Array:
    """|a − n| / max(|a| + |n|, tiny), elementwise; infinite where n is not finite, for nothing agrees with that."""
    a, n = np.asarray(analytic, np.float64), np.asarray(numeric, np.float64)
    with np.errstate(invalid="ignore"):
        error = np.abs(a - n) / np.maximum(np.abs(a) + np.abs(n), tiny)
    return np.where(np.isnan(error), np.inf, error)


@dataclass(frozen=True)
class Slopes:
    """The slopes of ⟨u, f⟩ along a line, at one step h."""

    central: float
    low: float  # the least that one side's or the other's slopes of the outputs can add up to
    high: float  # the most
    bend: float  # ‖u·(right − left)‖
    size: float  # ‖u·(|right| + |left|)‖
    noise: float  # the rounding error of the central difference


@dataclass(frozen=True)
class Line:
    """The line t ↦ x + t·v through the point x, with y = f(x) and the cotangent u of y."""

    f: Function
    x: Array
    v: Array
    y: Array
    u: Array

    @np.errstate(invalid="ignore")
    def slopes(self, h: float) -> Slopes:
        """Both one-sided slopes of every output, at step h; the step that float64 really makes is measured."""
        ahead, behind = self.x + h * self.v, self.x - h * self.v
        forth, back = self.f(ahead), self.f(behind)
        square = np.vdot(self.v, self.v)
        up, down = np.vdot(ahead - self.x, self.v) / square, np.vdot(self.x - behind, self.v) / square
        right, left = self.u * (forth - self.y) / up, self.u * (self.y - back) / down
        rounded = np.abs(self.u * self.y)
        moved = rounded[forth != back]  # where nothing moves, any output may hide a change in its rounding
        return Slopes(
            central=float(np.sum(self.u * (forth - back)) / (up + down)),
            low=float(np.minimum(left, right).sum()),
            high=float(np.maximum(left, right).sum()),
            bend=float(np.linalg.norm(right - left)),
            size=float(np.linalg.norm(np.abs(right) + np.abs(left))),
            noise=ROUNDING * float(np.linalg.norm(moved) if moved.size else rounded.max(initial=0)) / h,
        )


@dataclass(frozen=True)
class Estimate:
    """One analytic slope beside its numeric one.

    At a kink the analytic slope lies between those of the two sides, and is no error; `beside` marks one outside.
    """

    analytic: float
    numeric: float
    tiny: float
    kink: bool = False
    beside: bool = False

    @property
    def relative(self) -> float:
        return float(relative_error(self.analytic, self.numeric, self.tiny))


def estimate(line: Line, analytic: float, setting: Setting) -> Estimate:
    """Compare the analytic slope along a line with the central difference.

    `tiny` is the rounding error of the difference over tol: what two float64 values of f cannot tell apart
    is no error. A slope in doubt, because it disagrees or because the two sides do, is tried at further steps:
    a larger one rounds less, a smaller one passes fewer kinks.
    """
    first = line.slopes(setting.eps)
    found = Estimate(analytic, first.central, max(first.noise / setting.tol, 1e-12))
    if found.relative <= setting.tol and not _bent(first):
        return found
    further = [line.slopes(setting.eps * factor) for factor in LADDER]
    closest = further[-1]
    if _bent(closest) and 0.5 < closest.bend / first.bend < 2:
        slack = setting.tol * (abs(closest.low) + abs(closest.high)) + closest.noise
        between = closest.low - slack <= analytic <= closest.high + slack
        return replace(found, kink=between, beside=not between)
    tried = [found, *(replace(found, numeric=slopes.central) for slopes in further)]
    return next((e for e in tried if e.relative <= setting.tol), found)


def _bent(slopes: Slopes) -> bool:
    """Whether the two sides differ by more than rounding and a smooth function's h·f''."""
    return slopes.bend > 1e-3 * slopes.size + 4 * slopes.noise


# ---------------------------------------------------------------------------------------------- a whole array


@dataclass
class Comparison:
    """The gradient of ⟨u, f(x)⟩ with respect to one array: the analytic one beside what was measured.

    `index` are the flat indices that were looked at one by one; `direction` is the worst of the random directions
    (None where every coordinate was looked at).
    """

    analytic: Array
    index: npt.NDArray[np.int64]
    estimates: list[Estimate]
    direction: Estimate | None = None

    @property
    def complete(self) -> bool:
        """Whether every coordinate was looked at."""
        return len(self.index) == self.analytic.size

    @property
    def kinks(self) -> npt.NDArray[np.bool_]:
        return np.array([e.kink for e in self.estimates], bool)

    @property
    def numeric(self) -> Array:
        """The central differences at `index`."""
        return np.array([e.numeric for e in self.estimates], np.float64)

    @property
    def tiny(self) -> float:
        return max((e.tiny for e in self.estimates), default=0.0)

    @property
    def relative(self) -> Array:
        """The relative errors at `index`; 0 at kinks."""
        return np.array([0.0 if e.kink else e.relative for e in self.estimates], np.float64)

    @property
    @np.errstate(invalid="ignore")
    def absolute(self) -> Array:
        """The absolute errors at `index`; 0 at kinks."""
        return np.array([0.0 if e.kink else abs(e.analytic - e.numeric) for e in self.estimates], np.float64)

    @property
    def greatest(self) -> float:
        """The greatest relative error, of coordinates and directions."""
        return max([*self.relative.tolist(), self.direction.relative if self.direction else 0.0], default=0.0)

    @property
    def finite(self) -> bool:
        """Whether f was finite wherever it was needed."""
        return bool(np.isfinite(self.greatest))

    @property
    def worst(self) -> int:
        """Where in `index` the greatest relative error is; among equals, the one with the greatest absolute error."""
        relative = self.relative
        close = relative >= 0.999 * relative.max()
        return int(np.argmax(np.where(close, self.absolute, -1.0)))

    def wrong(self, tol: float) -> npt.NDArray[np.intp]:
        """Which of `index` are wrong."""
        return np.flatnonzero(self.relative > tol)

    def lost(self, tol: float) -> bool:
        """Whether kinks left too little to compare: every coordinate is one, or each direction crosses more of them."""
        if not self.kinks.any() or len(self.wrong(tol)):
            return False
        return bool(self.kinks.all()) or (self.direction is not None and self.greatest > tol)

    def fits(self, candidate: Array, tol: float) -> bool:
        """Whether another array agrees with what was measured, at every coordinate that is no kink."""
        if candidate.shape != self.analytic.shape or not np.isfinite(candidate).all():
            return False
        values = candidate.reshape(-1)[self.index]
        tiny = np.array([e.tiny for e in self.estimates])
        return bool((relative_error(values, self.numeric, tiny)[~self.kinks] <= tol).all())


Progress = Callable[[int, int], None]


@dataclass
class _Search:
    """The comparison of one array at work: `f` as a function of that array alone."""

    f: Function
    x: Array
    y: Array
    u: Array
    analytic: Array
    setting: Setting
    progress: Progress = field(default=lambda done, total: None)

    def at(self, flat: int) -> Estimate:
        """Compare at one coordinate, stepping h = eps · max(1, |x|)."""
        v = np.zeros(self.x.shape)
        scale = v.reshape(-1)[flat] = max(1.0, abs(self.x.reshape(-1)[flat]))
        e = self.along(v)
        return replace(e, analytic=e.analytic / scale, numeric=e.numeric / scale, tiny=e.tiny / scale)

    def along(self, v: Array) -> Estimate:
        line = Line(self.f, self.x, v, self.y, self.u)
        return estimate(line, float(np.vdot(self.analytic, v)), self.setting)

    def coordinates(self, index: npt.NDArray[np.int64]) -> list[Estimate]:
        return [self._counted(done, len(index), int(flat)) for done, flat in enumerate(index)]

    def _counted(self, done: int, total: int, flat: int) -> Estimate:
        self.progress(done, total)
        return self.at(flat)

    def wrong(self, e: Estimate) -> bool:
        return e.kink or e.relative > self.setting.tol

    def locate(self, v: Array) -> int:
        """The flat index of a coordinate that makes the slope along v wrong: halve, and keep a wrong half."""
        rest = np.flatnonzero(v)
        while len(rest) > 1:
            half = rest[: len(rest) // 2]
            rest = half if self.wrong(self.along(_only(v, half))) else rest[len(half) :]
        return int(rest[0])


def _only(v: Array, index: npt.NDArray[np.intp]) -> Array:
    part = np.zeros(v.shape)
    part.reshape(-1)[index] = v.reshape(-1)[index]
    return part


def compare(
    f: Function, x: Array, y: Array, u: Array, analytic: Array, setting: Setting, progress: Progress | None = None
) -> Comparison:
    """Compare `analytic` with the derivative of x ↦ ⟨u, f(x)⟩, where y = f(x).

    Up to `setting.limit` elements: every coordinate, two calls of f each. Beyond: random directions, which see an error
    anywhere with two calls each, and a sample of coordinates, which says how large errors are; when a direction
    is wrong, halving it finds the coordinate.
    """
    search = _Search(f, x, y, u, analytic, setting, progress or (lambda done, total: None))
    if x.size <= setting.limit:
        index = np.arange(x.size)
        return Comparison(analytic, index, search.coordinates(index))
    rng = generator(setting.seed, "directions")
    sample = rng.choice(x.size, min(SAMPLE, setting.limit), replace=False)
    index = np.union1d(sample, [np.argmax(np.abs(analytic))])
    result = Comparison(analytic, index, search.coordinates(index))
    for _ in range(DIRECTIONS):
        _add_direction(search, result, rng.standard_normal(x.shape) * np.maximum(1, np.abs(x)))
    return result


def _add_direction(search: _Search, result: Comparison, v: Array) -> None:
    """Compare along v, with kinks set aside; where it is wrong, look at the coordinate that makes it so."""
    for flat in result.index[result.kinks]:
        v.reshape(-1)[flat] = 0
    if not v.any():
        return
    for _ in range(PATIENCE):
        e = search.along(v)
        if not search.wrong(e):
            break
        flat = search.locate(v)
        at = search.at(flat)
        result.index = np.append(result.index, flat)
        result.estimates.append(at)
        if not at.kink:
            break
        v.reshape(-1)[flat] = 0
    if result.direction is None or e.kink or e.relative > result.direction.relative:
        result.direction = e


def differentiate(f: Function, x: Array, u: Array, setting: Setting) -> Array:
    """The numeric gradient of x ↦ ⟨u, f(x)⟩ alone, coordinate by coordinate."""
    search = _Search(f, x, f(x), u, np.zeros(x.shape), setting)
    return np.array([_central(search, i) for i in range(x.size)]).reshape(x.shape)


def _central(search: _Search, flat: int) -> float:
    v = np.zeros(search.x.shape)
    v.reshape(-1)[flat] = 1
    return Line(search.f, search.x, v, search.y, search.u).slopes(search.setting.eps).central
