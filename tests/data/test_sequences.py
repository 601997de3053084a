"""Sequences as batches: padded and masked, read side by side, or by windows."""

import json
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.data import (
    BucketBatchSampler,
    DataLoader,
    Draws,
    RandomSampler,
    Streams,
    Windows,
    length_mask,
    padded,
    padded_collate,
)
from chainrule.nn.utils.rnn import pack_padded_sequence, pad_sequence

RAGGED = st.lists(st.lists(st.integers(1, 9), max_size=7), min_size=1, max_size=6)


def arrays(lists: list[list[int]]) -> list[np.ndarray]:
    return [np.array(row, np.int64) for row in lists]


# ---- padding


@given(RAGGED, st.integers(-5, 0), st.none() | st.integers(7, 9))
def test_padded_sequences_are_whole_and_the_rest_is_filled(lists: list[list[int]], value: int, T: int | None) -> None:
    whole, lengths = padded(arrays(lists), value, T)
    assert whole.shape == (len(lists), T if T is not None else max(map(len, lists)))
    assert whole.dtype == lengths.dtype == np.int64
    assert lengths.tolist() == [len(row) for row in lists]
    assert [row[:n].tolist() for row, n in zip(whole, lengths, strict=True)] == lists
    mask = length_mask(lengths, T)
    assert (whole[~mask] == value).all()
    assert mask.sum() == lengths.sum()


@pytest.mark.parametrize("dtype", [np.float32, np.int32, np.bool_])
def test_padding_is_that_of_tensors(dtype: Any) -> None:
    rng = np.random.default_rng(0)
    sequences = [rng.integers(0, 2, (n, 3)).astype(dtype) for n in (2, 5, 0, 4)]
    whole, _ = padded(sequences)
    theirs = pad_sequence([cr.from_numpy(s) for s in sequences], batch_first=True)
    np.testing.assert_array_equal(whole, theirs.numpy())
    assert whole.dtype == theirs.dtype == dtype


def test_lists_are_sequences_too() -> None:
    whole, lengths = padded([[1, 2], [], (3,)], value=7)
    assert whole.dtype == np.int64
    assert whole.tolist() == [[1, 2], [7, 7], [3, 7]]
    assert lengths.tolist() == [2, 0, 1]


def test_the_mask_is_of_any_lengths() -> None:
    assert length_mask([2, 0, 3]).tolist() == [[True, True, False], [False] * 3, [True] * 3]
    assert length_mask(np.array([1], np.uint8), 2).tolist() == [[True, False]]
    assert length_mask(cr.tensor([1, 2])).tolist() == [[True, False], [True, True]]
    assert length_mask(np.array([], np.int64)).shape == (0, 0)


def test_a_batch_of_sequences_and_labels() -> None:
    samples = [(np.arange(3), 1.5, "a"), (np.arange(1), 2.5, "b")]
    tokens, lengths, labels, names = padded_collate(samples, padding=-1)
    assert tokens.tolist() == [[0, 1, 2], [0, -1, -1]]
    assert lengths.tolist() == [3, 1]
    assert labels.tolist() == [1.5, 2.5]
    assert names == ["a", "b"]
    sources_and_targets = padded_collate([(np.arange(2), np.arange(1))] * 2)
    assert [part.shape for part in sources_and_targets] == [(2, 2), (2,), (2, 1), (2,)]


def test_batches_of_similar_length_by_the_loader() -> None:
    """Every sample once, with its label; resumed in the middle, from JSON; the same with workers."""
    lists = [[i] * (1 + i * 7 % 31) for i in range(100)]
    data = list(zip(arrays(lists), range(100), strict=True))

    def loader(workers: int = 0, seed: int = 3) -> DataLoader:
        sampler = BucketBatchSampler([len(row) for row in lists], 8, pool=4)
        collate = partial(padded_collate, padding=-1)
        return DataLoader(data, batch_sampler=sampler, collate_fn=collate, seed=seed, num_workers=workers)

    whole = [[part.tolist() for part in batch] for batch in loader()]
    assert len(whole) == len(loader()) == 13
    seen = {}
    for tokens, lengths, labels in whole:
        assert lengths == sorted(lengths, reverse=True)
        seen |= {y: row[:n] for row, n, y in zip(tokens, lengths, labels, strict=True)}
        pack_padded_sequence(cr.tensor(tokens), lengths, batch_first=True)
    assert [seen[i] for i in range(100)] == lists
    assert [[part.tolist() for part in batch] for batch in loader(2)] == whole
    broken = iter(first := loader())
    for _ in range(5):
        next(broken)
    (second := loader(seed=9)).load_state_dict(json.loads(json.dumps(first.state_dict())))
    assert [[part.tolist() for part in batch] for batch in second] == whole[5:]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: padded([]), "differ in their length alone"),
        (lambda: padded([np.ones(2), np.ones((2, 1))]), r"their shapes: \(2,\), \(2, 1\)"),
        (lambda: padded([1, 2]), r"their shapes: \(\), \(\)"),
        (lambda: padded([[1], [1, 2]], length=1), "sequence 1 has 2 steps, more than length=1"),
        (lambda: length_mask([[1]]), r"lengths of shape \(1, 1\), int64: whole numbers \(N\)"),
        (lambda: length_mask([1.5]), "float64: whole numbers"),
        (lambda: padded_collate([([1], 2), ([1],)]), "samples of 1 and 2 entries"),
    ],
)
def test_says_what_is_wrong_with_sequences(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


# ---- a long text


@given(st.integers(2, 60), st.integers(1, 6), st.integers(1, 9))
def test_streams_go_on_from_batch_to_batch(length: int, N: int, T: int) -> None:
    if length <= N:
        with pytest.raises(ValueError, match=f"{length} tokens are too few for {N} streams"):
            Streams(np.arange(length), N, T)
        return
    streams = Streams(np.arange(length), N, T)
    batches = [streams[i] for i in range(len(streams))]
    assert all(x.shape == y.shape == (N, T) for x, y in batches[:-1])
    assert all((x + 1 == y).all() for x, y in batches)
    read = np.concatenate([x for x, _ in batches], 1)
    assert (np.diff(read, axis=1) == 1).all()  # row by row without a gap
    assert (np.diff(read[:, 0]) == read.shape[1]).all()  # the rows one after the other
    assert read[0, 0] == 0
    assert length - 1 - read.size < N
    assert batches[-1][1][-1, -1] == read.size


def test_one_stream_leaves_out_nothing() -> None:
    (x, y), (x_rest, y_rest) = (Streams(np.arange(6), 1, 3)[i] for i in range(2))
    assert (x.tolist(), x_rest.tolist()) == ([[0, 1, 2]], [[3, 4]])
    assert (y.tolist(), y_rest.tolist()) == ([[1, 2, 3]], [[4, 5]])


def test_streams_by_the_loader_are_whole_batches_and_resumed() -> None:
    streams = Streams(np.arange(100), 4, 5)
    batches = [(x.tolist(), y.tolist()) for x, y in DataLoader(streams, batch_size=None)]
    assert batches == [(x.tolist(), y.tolist()) for x, y in (streams[i] for i in range(5))]
    broken = iter(first := DataLoader(streams, batch_size=None))
    next(broken), next(broken)
    (second := DataLoader(streams, batch_size=None, num_workers=2)).load_state_dict(first.state_dict())
    assert [(x.tolist(), y.tolist()) for x, y in second] == batches[2:]


@given(st.integers(2, 40), st.integers(1, 9), st.integers(1, 12))
def test_windows_and_what_follows(length: int, T: int, stride: int) -> None:
    if length <= T:
        with pytest.raises(ValueError, match=f"{length} tokens are too few for windows of {T}"):
            Windows(np.arange(length), T, stride)
        return
    windows = Windows(np.arange(length), T, stride)
    x, y = windows.gather(range(len(windows)))
    starts = np.arange(0, length - T, stride)
    np.testing.assert_array_equal(x, starts[:, None] + np.arange(T))
    np.testing.assert_array_equal(y, x + 1)
    for i in (0, len(windows) - 1, -1):
        assert windows[i][0].tolist() == x[i].tolist()
        assert windows[i][1].tolist() == y[i].tolist()


def test_windows_by_the_loader_are_drawn_anywhere() -> None:
    windows = Windows(np.arange(1000), 8)
    sampler = RandomSampler(windows, replacement=True, num_samples=640)
    batches = [x.numpy() for x, _ in DataLoader(windows, 64, sampler=sampler, seed=0)]
    assert [x.shape for x in batches] == [(64, 8)] * 10
    starts = np.concatenate(batches)[:, 0]
    assert starts.min() < 30
    assert starts.max() > 960
    assert len(set(starts.tolist())) > 400


def test_what_is_handed_out_is_a_copy() -> None:
    tokens = np.arange(20)
    for data in (Streams(tokens, 2, 3), Windows(tokens, 3)):
        for part in data[0]:
            part += 100
    for part in Windows(tokens, 3).gather([0, 1]):
        part += 100
    assert tokens.tolist() == list(range(20))


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: Streams([[1, 2]], 1, 1), ValueError, r"Streams: tokens of shape \(1, 2\), int64: whole numbers \(L\)"),
        (lambda: Streams([1.0, 2], 1, 1), ValueError, "float64: whole numbers"),
        (lambda: Streams([1, 2], 0, 1), ValueError, "Streams: batch_size=0: a whole number of at least 1"),
        (lambda: Streams([1, 2], 1, 1.5), ValueError, r"Streams: steps=1\.5"),
        (lambda: Windows([1, 2], 1, 0), ValueError, "Windows: stride=0"),
        (lambda: Streams([1, 2, 3], 1, 1)[2], IndexError, "Streams: index 2 was asked for; there are 2 samples"),
        (lambda: Windows([1, 2, 3], 1)[-3], IndexError, "Windows: index -3 was asked for; there are 2 samples"),
    ],
)
def test_says_what_is_wrong_with_a_text(make, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        make()


def test_draws_belong_to_samples_of_any_batch() -> None:
    """A transform of padded batches gets the numbers of its samples, in their order."""
    lengths = [5, 1, 4, 2, 3, 6]
    data = [(np.zeros(n, np.int64), i) for i, n in enumerate(lengths)]

    def keep(batch: list[Any], draws: Draws) -> list[Any]:
        return [*batch, draws.uniform(0, 1)]

    sampler = BucketBatchSampler(lengths, 2)
    loader = DataLoader(data, batch_sampler=sampler, collate_fn=padded_collate, transform=keep, seed=1)
    found = {i: u for _, _, y, u in loader for i, u in zip(y.tolist(), u.tolist(), strict=True)}
    expected = Draws(1, 0, range(6)).uniform(0, 1).tolist()
    assert found == dict(enumerate(expected))
