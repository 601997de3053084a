"""What a search tried, read from its study, and figures of it: curves, progress, importance, slices."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule import report
from chainrule.report import percent
from chainrule.report.blocks import Block

from ._search import optuna

__all__ = [
    "Tried",
    "best_first",
    "csv_of",
    "curves",
    "importance",
    "progress",
    "slices",
    "table_of",
    "tried",
    "what_matters",
]

BEST, ALL, PRUNED = "C1", "C0", "C5"
"""Colours of the best trial, of those that came to their end, and of those that were given up early."""


@dataclass(frozen=True)
class Tried:
    """One trial."""

    number: int
    """Counted from 1, in the order in which they were begun."""
    params: Mapping[str, Any]
    curve: Sequence[float]
    """Validation accuracy after each epoch."""
    finished: bool
    """Not given up early."""
    seconds: float
    epoch_seconds: float
    """Mean time of the training steps of an epoch."""
    frozen: Any
    """As Optuna has it."""

    @property
    def value(self) -> float:
        """The last accuracy that was measured; none is taken for 0."""
        return self.curve[-1] if self.curve else 0.0

    @property
    def error(self) -> float:
        """What is missing to 1."""
        return 1 - self.value

    @property
    def end(self) -> str:
        """What became of it, in words."""
        if self.finished:
            return "finished"
        return f"given up after epoch {len(self.curve)}" if "diverged" not in self.frozen.user_attrs else "diverged"


def tried(study: Any) -> list[Tried]:
    """The trials that came to their end or were given up, in their order."""
    states = optuna().trial.TrialState
    return [
        Tried(
            t.number + 1,
            t.params,
            [value for _, value in sorted(t.intermediate_values.items())],
            t.state == states.COMPLETE,
            t.duration.total_seconds(),
            float(t.user_attrs.get("epoch seconds", np.nan)),
            t,
        )
        for t in study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED))
    ]


def best_first(trials: Sequence[Tried]) -> list[Tried]:
    """Those that finished, the best first, of equal ones the earlier; then the others, that got farthest first."""
    return sorted(trials, key=lambda t: (not t.finished, -len(t.curve), -t.value, t.number))


# ---------------------------------------------------------------------------------------------- which settings matter


def importance(trials: Sequence[Tried], share: float = 0.2) -> dict[str, float]:
    """How much each setting tells the best from the others, as shares of 1; empty where too few trials are finished.

    PED-ANOVA (Watanabe, Bansal, Hutter 2023): how far the distribution of a setting among the best `share` of the
    trials differs from that among all of them. What was given up early counts as not among the best.
    """
    lib, finished = optuna(), sum(t.finished for t in trials)
    if finished < 5:
        return {}
    study = lib.create_study(direction="maximize")
    for t in trials:
        study.add_trial(
            lib.trial.create_trial(
                value=t.value if t.finished else -1.0, params=t.frozen.params, distributions=t.frozen.distributions
            )
        )
    evaluator = lib.importance.PedAnovaImportanceEvaluator(target_quantile=min(share, finished / len(trials) / 2))
    return dict(lib.importance.get_param_importances(study, evaluator=evaluator))


def _bars(shares: Mapping[str, float], caption: str) -> report.Figure:
    """A bar for each setting."""
    names, drawing = list(shares)[::-1], report.Drawing(height=0.5 + 0.32 * len(shares))
    with drawing as axes:
        bars = axes.barh(names, [shares[name] for name in names], color=ALL, height=0.6)
        axes.bar_label(bars, [percent(shares[name], 0) for name in names], padding=4)
        axes.set(xlabel="share of importance", xlim=(0, 1.12 * max(shares.values())))
        axes.xaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
        axes.grid(visible=False, axis="y")
    told = ", ".join(f"{name} {percent(share, 0)}" for name, share in shares.items())
    return report.Figure(drawing.svg(), f"Bar chart of importance: {told}.", caption)


def what_matters(trials: Sequence[Tried]) -> list[Block]:
    """The section of a report on it: importance, slices, where the good values lie."""
    shares = importance(trials)
    if not shares:
        return ["Too few trials were finished to say."]
    top = [t for t in best_first(trials) if t.finished][: max(3, len(trials) // 5)]
    rows = [(name, percent(shares[name], 0), _span(name, trials), _span(name, top)) for name in shares]
    first, *_, last = shares
    return [
        """Take the best fifth of the trials, and look at one setting. If its values are spread there as they are
        among all trials, the setting did not decide who is good; if they crowd in one place, it did. How far the two
        distributions differ is its importance (PED-ANOVA, Watanabe, Bansal and Hutter, 2023). Trials that were given up
        early are among the rest.""",
        _bars(shares, "How much each setting tells the best fifth from all; together 100 %."),
        f"""Most of all it was the {first} that decided ({percent(shares[first], 0)}), least the {last}
        ({percent(shares[last], 0)}). The estimate rests on {len(top)} good trials, so read it as an order, not as
        digits. It speaks of what was tried: in a narrower range a setting matters less, and so does one that the search
        itself has settled early, for then hardly anything else was tried. Look at the slices, too.""",
        slices(trials, "One setting at a time: every point is a trial (errors on a logarithmic axis)."),
        report.Table(
            ("Setting", "Importance", "All trials", f"The {len(top)} best"),
            rows,
            "From the least value to the greatest.",
        ),
        """A slice hides the other settings: a good value in bad company lies high up. So look at the lower edge of each
        cloud. Where it bends, the setting has a best place; where it is level, anything will do.""",
    ]


def _span(name: str, trials: Sequence[Tried]) -> str:
    """From the least to the greatest value among trials; of kinds, the most frequent and its share."""
    values = [t.params[name] for t in trials]
    if isinstance(values[0], str):
        often = max(sorted(set(values)), key=values.count)
        return f"{often} in {percent(values.count(often) / len(values), 0)}"
    return f"{min(values):.3g} to {max(values):.3g}"


# ---------------------------------------------------------------------------------------------- tables


def table_of(trials: Sequence[Tried], caption: str) -> report.Table:
    """A row a trial, the best first."""
    names = list(trials[0].params)
    rows = [
        (
            t.number,
            *(f"{value:.3g}" if isinstance(value, float) else value for value in (t.params[name] for name in names)),
            percent(t.value, 2) if t.curve else "—",
            t.end,
            f"{t.seconds:.1f} s",
        )
        for t in best_first(trials)
    ]
    return report.Table(("Trial", *(name.capitalize() for name in names), "Accuracy", "End", "Time"), rows, caption)


def csv_of(table: report.Table) -> bytes:
    """A table as a file of comma-separated values."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([table.head, *table.rows])
    return text.getvalue().encode()


# ---------------------------------------------------------------------------------------------- figures


def curves(trials: Sequence[Tried], caption: str) -> report.Figure:
    """Validation error by epoch, a line a trial; those that were given up end in a cross."""
    drawing, best = report.Drawing(height=3.4), best_first(trials)[0]
    with drawing as axes:
        for t in sorted(trials, key=lambda t: (t is best, t.finished)):
            color = BEST if t is best else ALL if t.finished else PRUNED
            errors = [1 - value for value in t.curve]
            look: dict[str, Any] = {
                "linestyle": "-",
                "marker": "",
                "color": color,
                "linewidth": 2.2 if t is best else 0.7,
            }
            axes.plot(range(1, len(errors) + 1), errors, **look)
            if not t.finished:
                axes.plot([len(errors)], errors[-1:], linestyle="", marker="x", color=color)
        axes.set(xlabel="epoch")
        _error_axis(axes, trials)
        _legend(axes)
    return report.Figure(drawing.svg(), f"Line chart of {len(trials)} trials, validation error by epoch.", caption)


def progress(trials: Sequence[Tried], caption: str, at_random: int = 0) -> report.Figure:
    """The error of every trial in their order, and the best until then; a line divides the first `at_random`."""
    drawing = report.Drawing(height=3.2)
    done = [t for t in trials if t.finished]
    least = np.minimum.accumulate([t.error if t.finished else np.inf for t in trials])
    with drawing as axes:
        _points(axes, trials, [float(t.number) for t in trials])
        axes.step([t.number for t in trials], least, where="post", color=BEST, linestyle="-", marker="")
        if at_random:
            axes.axvline(at_random + 0.5, color="C3", linestyle=":", marker="", linewidth=1)
        axes.set(xlabel="trial")
        _error_axis(axes, trials)
        _legend(axes)
    told = f"the best has {percent(min(t.error for t in done), 2)} wrong" if done else "none finished"
    return report.Figure(drawing.svg(), f"Validation error of {len(trials)} trials in their order; {told}.", caption)


def slices(trials: Sequence[Tried], caption: str) -> report.Figure:
    """For each setting, the error of every trial over the value that it had."""
    names = list(trials[0].params)
    rows = -(-(len(names) + 1) // 2)
    drawing = report.Drawing(height=2.1 * rows, rows=rows, columns=2)
    with drawing:
        for i, (name, axes) in enumerate(zip(names, drawing.panels, strict=False)):
            _slice(axes, name, trials)
            axes.set_ylabel("" if i % 2 else "wrong")
        for axes in drawing.panels[len(names) :]:
            axes.set_axis_off()
        _legend(drawing.panels[len(names)], inside=True)
    return report.Figure(drawing.svg(), f"Scatter plots of validation error by {', '.join(names)}.", caption)


def _slice(axes: Any, name: str, trials: Sequence[Tried]) -> None:
    values = [t.params[name] for t in trials]
    if isinstance(values[0], str):
        kinds = sorted(set(values))
        spread = np.random.default_rng(0).uniform(-0.25, 0.25, len(values))  # so that points do not hide each other
        _points(axes, trials, [kinds.index(value) + by for value, by in zip(values, spread, strict=True)])
        axes.set_xticks(range(len(kinds)), kinds)
        axes.grid(visible=False, axis="x")
    else:
        _points(axes, trials, [float(value) for value in values])
        axes.set_xscale("log", base=10 if max(values) > 100 * min(values) else 2)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set(xlabel=name)
    _error_axis(axes, trials)


def _points(axes: Any, trials: Sequence[Tried], xs: Sequence[float]) -> None:
    best = best_first(trials)[0]
    for t, x in zip(trials, xs, strict=True):
        if t is not best:
            axes.plot(
                [x], [t.error], linestyle="", marker="o" if t.finished else "x", color=ALL if t.finished else PRUNED
            )
    at = xs[list(trials).index(best)]
    axes.plot([at], [best.error], linestyle="", markersize=6, zorder=5, **LOOKS["the best"])


def _error_axis(axes: Any, trials: Sequence[Tried]) -> None:
    """A logarithmic axis of errors: what matters happens between 1 % and 5 %."""
    errors = [t.error for t in trials if t.error > 0]
    axes.set_yscale("log")
    axes.set_ylim(min(errors) / 1.25, 1.0)
    axes.set_yticks([v for v in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1) if v > min(errors) / 1.25])
    axes.yaxis.set_minor_formatter(lambda value, _: "")
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")
    axes.set_ylabel("wrong")


def _legend(axes: Any, inside: bool = False) -> None:
    for label, look in LOOKS.items():
        axes.plot([], [], label=label, linestyle="", **look)
    if inside:
        axes.legend(loc="center")
    else:
        axes.figure.legend(loc="outside upper left", ncols=3)


LOOKS: dict[str, Any] = {
    "finished": {"marker": "o", "color": ALL},
    "given up early": {"marker": "x", "color": PRUNED},
    "the best": {"marker": "D", "color": BEST},
}
