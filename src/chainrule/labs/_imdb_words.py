"""Words of the report of the lab imdb-lstm: fixed texts, and sentences that the numbers choose."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.report import percent
from chainrule.train import Epoch

from ._sentiment import Judged


def _listed(text: str) -> list[str]:
    return text.split()


WORDS = _listed(
    """good bad great awful boring funny movie actor excellent terrible worst not king france plot music
    was but"""
)
"""Whose neighbours are shown, as far as there are vectors for them."""

PROBES = {
    True: [
        ("a great film .", True),
        ("this is a boring film .", False),
        ("it was not good .", False),
        ("it was not bad at all .", True),
        ("i expected it to be bad , but it was great .", True),
        ("i expected it to be great , but it was bad .", False),
        ("the actors are excellent , but the film is a waste of time .", False),
        ("the story is silly , but i enjoyed every minute .", True),
    ],
    False: [
        ("the plot was great .", True),
        ("the plot was boring .", False),
        ("the plot was not great .", False),
        ("the plot was not boring .", True),
        ("the plot was boring . but the music was great .", True),
        ("the plot was great . but the music was boring .", False),
        ("the plot was not boring . but the music is never good .", False),
        ("the plot was not great . but the music is never bad .", True),
    ],
}
"""Sentences and whether they praise, for IMDB's models and for those of the grammar."""

REAL = """The reviews are from IMDB, where viewers also give stars: a review with at least 7 of 10 counts as good, one
with at most 4 as bad, and those between are left out (Maas et al. 2011). No film of the training part is in the test;
but the validation part, a random tenth, shares films with what is learned from, so that the models may look a little
better on it than they are."""
MADE_UP = """The reviews are **made up** by a small grammar, for no data were given: remarks that praise or blame parts
of a film, half of them by denying the opposite ("not boring"), and the last remark decides. So single words tell
nothing here; order tells all. Real reviews are the other way round: most of what they say can be told by single words.
With `--preset full` and the data, the same lab reads 50,000 reviews of IMDB."""
GLOVE = """GloVe's vectors were learned from six billion words of Wikipedia and news, without any labels: the dot
product of two vectors is to tell how often the two words stand near each other."""
ALL_OF_GLOVE = 400_000
PART = "The official file has 400,000 words; this one is a part of it. "
MADE_UP_VECTORS = """For the grammar there are **made-up vectors**: one direction for each group of words (praise,
blame, parts of a film, and every other word by itself), and something random of each word's own added. So words used
alike point alike, as in files of real word vectors."""
BEGINNINGS = """The same network is trained three times. *From scratch*: the embedding begins at random. *Frozen*: it
begins with the word vectors and keeps them; only LSTM and linear layer learn. *Fine-tuned*: it begins with the vectors
and learns with the rest."""
AFTER_TUNING = {
    True: """Opposites are neighbours: "good" and "bad" stand in the same places of a sentence. What sets them apart is
what this task is about, and the vectors do not know it beforehand; it lies in some directions among others, and the
network has to find them.""",
    False: """Here they point apart, so that the vectors know the difference beforehand.""",
}
BEATEN = """So reading in order, with vectors that were learned elsewhere, is worth more than counting, even where pairs
of words are counted."""
NOT_BEATEN = """Most reviews say what they mean by the words they use, again and again; counting them, all of them and
from the whole review, is hard to beat for a network that learns its words from these reviews alone. Networks that go
well beyond have first read much more text than this."""


def named(name: str) -> str:
    """A model's name at the beginning of a line."""
    return name[0].upper() + name[1:]


def points(value: float, error: float) -> str:
    """A difference in points, with its standard error: +1.23 ± 0.20."""
    return f"{signed(value, 2)} ± {error:.2f}"


def signed(value: float, digits: int) -> str:
    """A number with its sign: −1.20."""
    return f"{value:+.{digits}f}".replace("-", "−")


def shown(text: str, size: int = 200) -> str:
    """The beginning of a review."""
    text = " ".join(text.replace("<br />", " ").split())
    return text if len(text) <= size else text[:size].rpartition(" ")[0] + " …"


def losses(history: Sequence[Epoch]) -> list[float]:
    """The validation loss of each epoch."""
    return [epoch.metrics["validation loss"] for epoch in history]


def verdict(history: Sequence[Epoch]) -> str:
    """Whether a training has converged."""
    valid = losses(history)
    least = int(np.argmin(valid))
    if max(epoch.metrics["validation accuracy"] for epoch in history) < GUESSING:
        return "no: it still guesses"
    if least < len(valid) - 1:
        return "yes, and past it: overfits" if valid[-1] > 1.02 * valid[least] else "yes"
    return "yes" if len(valid) > 1 and valid[-1] > 0.98 * valid[-2] else "not yet: still falling"


def why(scratch: Judged, frozen: Judged, fine: Judged) -> str:
    """Did they converge, and why?"""
    told = [_way("From scratch", scratch), _way("Frozen", frozen), _way("Fine-tuned", fine)]
    soon = {m.name: _reached(m.history) for m in (scratch, frozen, fine)}
    words = [
        f"{m.name} {f'epoch {at}' if (at := soon[m.name]) <= len(m.history) else 'never'}"
        for m in (scratch, frozen, fine)
    ]
    start = SOONER if soon[fine.name] < soon[scratch.name] else LATER
    if min(soon.values()) > len(fine.history):
        start = NONE
    start = f"""The epoch after which {percent(GOOD_ENOUGH, 0)} of the validation reviews are judged rightly:
    {"; ".join(words)}. {start}"""
    freedom = FREEDOM.format(scratch.parameters, frozen.parameters)
    return f"**Did they converge?** {' '.join(told)}\n\n**Why?** {start} {freedom}"


GUESSING, GOOD_ENOUGH = 0.6, 0.8
NONE = "None of them has found out yet what makes a review good."
SOONER = "Who begins with vectors need not learn first which words are alike, and is quicker on the way."
LATER = "The vectors give no head start here: the LSTM has to learn to use its gates first, and that takes as long."
FREEDOM = """How far training and validation part afterwards is a matter of what is free: with the embedding {:,}
numbers learn, enough to remember single reviews by their rare words; with the vectors frozen only {:,}, which have to
make do with what words have in common."""


def _reached(history: Sequence[Epoch]) -> int:
    """The first epoch that is good enough, or the one after the last."""
    good = [epoch.number for epoch in history if epoch.metrics["validation accuracy"] >= GOOD_ENOUGH]
    return min(good, default=len(history) + 1)


def _way(name: str, m: Judged) -> str:
    """What became of one training."""
    last, valid = m.history[-1].metrics, losses(m.history)
    gap = 100 * (last["training accuracy"] - last["validation accuracy"])
    least = int(np.argmin(valid))
    turn = f"its validation loss was least ({valid[least]:.3f}) after epoch {least + 1}"
    if least < len(valid) - 1:
        turn += f" and {valid[-1]:.3f} in the end, while the training loss went on to {m.history[-1].loss:.3f}"
    return f"{name}: {turn}; it ends {gap:.1f} points better on training reviews than on those of validation."
