"""Reviews that a small grammar makes up, and made-up word vectors: what the lab imdb-lstm learns from without data.

    the plot was not tedious . we went with friends . but the music is never great .

A review has some remarks about parts of a film. A remark praises or blames; half of the blame is praise denied ("not
funny"), and half of the praise is blame denied. The last remark decides: whoever says "but" means what follows. So
counting words helps little, and order tells all. Words are drawn as in real texts: a few often, many seldom, so that
the training part shows most of them rarely and some never.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.data.glove import Vectors
from chainrule.data.imdb import Reviews
from chainrule.data.texts import Texts

__all__ = ["made_up"]

Generator = np.random.Generator
GOOD, BAD = 1, 0


def _listed(text: str, sign: str | None = None) -> list[str]:
    return [" ".join(part.split()) for part in text.split(sign)]


OPINIONS = {
    GOOD: _listed("""great good funny wonderful brilliant moving superb charming clever lovely delightful excellent
    witty gripping touching fresh original splendid perfect amazing beautiful subtle tender thrilling stunning elegant
    inspired joyful masterful memorable enchanting lively poignant riveting sharp stylish warm vivid graceful
    dazzling"""),
    BAD: _listed("""bad boring awful dull terrible silly tedious stupid weak poor lame flat horrible clumsy dreadful
    predictable shallow tiresome pointless ugly annoying bland cheap confused dreary empty feeble forced hollow
    lifeless messy noisy painful pathetic ridiculous slow stale trite unfunny vulgar"""),
}
PARTS = _listed("""plot acting music story cast ending script camera director humour dialogue pace lead villain score
    editing costumes opening finale romance""")
FILLERS = _listed(
    """i saw it on a rainy evening|we went with friends|it runs for two hours|there was a queue outside|
    my brother had read the book|the tickets were cheap|it is set in a small town|they made it last year""",
    "|",
)
IS, DENIED = _listed("was|is|seemed|felt", "|"), _listed("was not|is never|was hardly|is not at all", "|")
DIMENSION = 16
SIZES = 1500, 1500


def made_up(seed: int) -> tuple[Reviews, Vectors]:
    """Reviews to learn from and to be tested on, and a vector for each of their words; the seed decides."""
    rng = np.random.default_rng(seed)
    train, test = (_reviews(size, rng) for size in SIZES)
    return Reviews(train, test), _vectors(rng)


def _reviews(size: int, rng: Generator) -> Texts:
    labels = np.arange(size) % 2
    return Texts([_review(int(label), rng) for label in labels], labels)


def _review(label: int, rng: Generator) -> str:
    """One to three remarks and sentences that say nothing; "but" stands before the last remark if it turns."""
    opinions = [int(rng.integers(2)) for _ in range(rng.integers(0, 3))]
    said = [_remark(opinion, rng) for opinion in opinions] + [_filler(rng) for _ in range(rng.integers(0, 3))]
    said = [said[i] for i in rng.permutation(len(said))]
    turn = "but " if opinions and opinions[-1] != label else ""
    return " . ".join([*said, turn + _remark(label, rng), *(_filler(rng) for _ in range(rng.integers(0, 2)))]) + " ."


def _remark(opinion: int, rng: Generator) -> str:
    """ "the plot was great", or "the plot was not boring"."""
    denied = rng.random() < 0.5
    word = OPINIONS[1 - opinion if denied else opinion][_seldom(40, rng)]
    return f"the {_one(PARTS, rng)} {_one(DENIED if denied else IS, rng)} {word}"


def _filler(rng: Generator) -> str:
    return _one(FILLERS, rng)


def _one(of: list[str], rng: Generator) -> str:
    return of[int(rng.integers(len(of)))]


def _seldom(n: int, rng: Generator) -> int:
    """A number below n: number k about as often as 1 / (k + 1), as words in texts."""
    return int((n + 1) ** rng.random()) - 1


def _vectors(rng: Generator) -> Vectors:
    """Words of one group point alike: a direction for each group, and something of each word's own."""
    rest = sorted({word for text in (*FILLERS, *IS, *DENIED, "the but .") for word in text.split()})
    groups = [OPINIONS[GOOD], OPINIONS[BAD], PARTS, *([word] for word in rest)]
    known: dict[str, npt.NDArray[Any]] = {}
    for group in groups:
        middle = rng.standard_normal(DIMENSION)
        known |= {word: middle + 0.5 * rng.standard_normal(DIMENSION) for word in group if word not in known}
    return Vectors(list(known), np.array(list(known.values()), np.float32))
