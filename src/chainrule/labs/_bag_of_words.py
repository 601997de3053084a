"""The bag of words: which words a review has, not in which order. tf-idf and logistic regression, with SciPy.

x   (N, F)  tf-idf of F terms, words or words and pairs of neighbours; each row of length 1, most of it 0
p   σ(x·w + b): the probability of a good review
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chainrule.labs import optional

from ._reviews import UNKNOWN, Corpus, Part, right

__all__ = ["Bag", "TfIdf", "learned", "logistic_regression"]

Array = npt.NDArray[Any]
PENALTIES = (1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6)
"""What λ is chosen from, by the validation part."""


class TfIdf:
    """Weights of terms, after the training part: x = (1 + ln count) · (ln((1 + N) / (1 + df)) + 1), rows of length 1.

    df is the number of training reviews that have the term; those in fewer than `least` of them are left out, and so
    are <pad> and <unk>. With `pairs` two neighbouring words are a term as well.
    """

    def __init__(self, part: Part, vocabulary: int, pairs: bool = False, least: int = 2) -> None:
        self.vocabulary, self.pairs = vocabulary, pairs
        rows, terms = self._terms(part)
        once = np.unique(rows * (vocabulary * (vocabulary + 1)) + terms) % (vocabulary * (vocabulary + 1))
        found, df = np.unique(once, return_counts=True)
        self.terms = found[df >= least]  # (F), rising
        self.idf = np.log((1 + len(part.tokens)) / (1 + df[df >= least])) + 1

    def __call__(self, part: Part) -> Any:
        """(N, F), sparse: scipy.sparse.csr_array."""
        rows, terms = self._terms(part)
        columns = np.minimum(np.searchsorted(self.terms, terms), max(len(self.terms) - 1, 0))
        known = self.terms[columns] == terms
        shape = len(part.tokens), len(self.terms)
        x = optional("scipy.sparse").csr_array((np.ones(known.sum()), (rows[known], columns[known])), shape=shape)
        x.sum_duplicates()
        x.data = (1 + np.log(x.data)) * self.idf[x.indices]
        lengths = np.sqrt(np.bincount(np.repeat(np.arange(shape[0]), np.diff(x.indptr)), x.data**2, shape[0]))
        x.data /= np.repeat(lengths, np.diff(x.indptr))
        return x

    def words(self, column: int) -> tuple[int, ...]:
        """The token, or the two, of a term."""
        first, second = divmod(int(self.terms[column]), self.vocabulary)
        return (second,) if first == 0 else (first - 1, second)

    def _terms(self, part: Part) -> tuple[Array, Array]:
        """The row and the number of every term: token a is a, the pair (a, b) is (a + 1) · V + b."""
        tokens = np.concatenate([np.zeros(0, np.int64), *part.tokens]).astype(np.int64)
        rows = np.repeat(np.arange(len(part.tokens)), [len(own) for own in part.tokens])
        known = tokens > UNKNOWN
        if not self.pairs:
            return rows[known], tokens[known]
        both = known[:-1] & known[1:] & (rows[:-1] == rows[1:])
        pairs = (tokens[:-1] + 1) * self.vocabulary + tokens[1:]
        return np.concatenate([rows[known], rows[:-1][both]]), np.concatenate([tokens[known], pairs[both]])


def logistic_regression(x: Any, y: Array, penalty: float, start: Array | None = None) -> Array:
    """w and b, (F + 1), that minimize  mean ln(1 + exp(−s·(x·w + b))) + ½·penalty·‖w‖²  for s = 2y − 1.

    The function is convex: it has one minimum, which L-BFGS finds from everywhere.
    """
    signs, n = 2.0 * y - 1.0, len(y)

    def value(theta: Array) -> tuple[float, Array]:
        w, b = theta[:-1], theta[-1]
        margin = signs * (x @ w + b)  # (N)
        pull = -signs / (1 + np.exp(np.minimum(margin, 500))) / n  # ∂/∂score of the mean loss
        gradient = np.append(x.T @ pull + penalty * w, pull.sum())
        return float(np.logaddexp(0, -margin).mean() + 0.5 * penalty * (w @ w)), gradient

    start = np.zeros(x.shape[1] + 1) if start is None else start
    found = optional("scipy.optimize").minimize(
        value, start, jac=True, method="L-BFGS-B", options={"maxiter": 500, "gtol": 1e-6, "ftol": 1e-10}
    )
    theta: Array = found.x
    return theta


class Bag(NamedTuple):
    """A regression that has been learned: λ, and what it makes of the validation and the test part."""

    tfidf: TfIdf
    theta: Array
    penalty: float
    train: Array
    valid: Array
    test: Array

    def judge(self, part: Part) -> Array:
        """The probability of "good" for each review of a part."""
        return _probability(self.tfidf(part), self.theta)


def learned(corpus: Corpus, pairs: bool) -> Bag:
    """The regression whose λ is the best on the validation part."""
    tfidf = TfIdf(corpus.train, len(corpus.vocabulary), pairs)
    x, valid = tfidf(corpus.train), tfidf(corpus.valid)
    theta, best, score = None, (PENALTIES[0], np.zeros(x.shape[1] + 1)), -1.0
    for penalty in PENALTIES:
        theta = logistic_regression(x, corpus.train.labels, penalty, theta)
        share = float(right(_probability(valid, theta), corpus.valid.labels).mean())
        if share > score:
            best, score = (penalty, theta), share
    penalty, theta = best
    parts = (_probability(own, theta) for own in (x, valid, tfidf(corpus.test)))
    return Bag(tfidf, theta, penalty, *parts)


def _probability(x: Any, theta: Array) -> Array:
    probability: Array = 1 / (1 + np.exp(-np.clip(x @ theta[:-1] + theta[-1], -500, 500)))
    return probability
