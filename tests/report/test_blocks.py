"""Text and tables, as they come to the page."""

import numpy as np
import pytest

from chainrule.report import Heatmap, Table, Verbatim, percent
from chainrule.report.blocks import cell, inline, paragraphs


def test_paragraphs_are_split_at_empty_lines_and_joined_within() -> None:
    assert paragraphs("\n  one\n  two\n\n  three ") == ["one two", "three"]


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a *word* and **weight**", "a <em>word</em> and <strong>weight</strong>"),
        ("`code_*x*`", "<code>code_*x*</code>"),
        ("2 * 3 * 4 is no emphasis", "2 * 3 * 4 is no emphasis"),
        ("<script>&", "&lt;script&gt;&amp;"),
        ("`<b>`", "<code>&lt;b&gt;</code>"),
        ("99.1 % of 5 × 5", "99.1\u00a0% of 5\u00a0× 5"),
        ("LeNet-5, 1e-06, but well-known", "LeNet\u20115, 1e\u201106, but well-known"),
        ("`--seed-1 5 %`", "<code>--seed-1 5 %</code>"),
    ],
)
def test_inline(text: str, html: str) -> None:
    assert inline(text) == html


@pytest.mark.parametrize(
    ("value", "text"), [(44426, "44,426"), (0.123456, "0.1235"), (True, "yes"), (False, "no"), ("as is", "as is")]
)
def test_cell(value: object, text: str) -> None:
    assert cell(value) == text  # type: ignore[arg-type]


def test_percent() -> None:
    assert [percent(0.9761), percent(0.9761, 2), percent(None)] == ["97.6 %", "97.61 %", "—"]


def test_columns_of_numbers_are_told_from_columns_of_words() -> None:
    table = Table(
        ("name", "count", "share", "error", "mixed"),
        [("a", 1, "97.6 %", "1.5e-08", 3), ("b", 1234, "—", "< 1e-06", "none")],
    )
    assert [table.numeric(i) for i in range(5)] == [False, True, True, True, False]


def test_shares_of_a_heatmap_are_of_their_row() -> None:
    heatmap = Heatmap(np.array([[3, 1], [0, 0]]), "ab")
    assert heatmap.share(0, 0) == 0.75
    assert heatmap.share(1, 0) == 0


def test_values_behind_characters_are_joined_to_runs_of_equal_shade() -> None:
    tinted = Verbatim("abc\nd", values=[0.51, 0.49, 0.0, -2.0, -1.0])
    assert tinted.runs == [("ab", 50), ("c", 0), ("\nd", -100)]
    assert Verbatim("a\n b").runs == [("a\n b", 0)]
    with pytest.raises(ValueError, match="shorter"):
        _ = Verbatim("ab", values=[0.5]).runs
