"""The page: complete in itself, well formed, and readable by those who do not see pictures."""

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from chainrule.report import Grid, Heatmap, Outcome, Page, Section, Table, Tile, Verbatim, chart, formula, picture

VOID = {"meta", "link", "img", "br", "hr"}


class Reader(HTMLParser):
    """Checks that tags are closed in order, and collects what is asked of the network, ids and headings."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.bare: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.addresses += [str(found[key]) for key in ("src", "href", "xlink:href", "action") if key in found]
        self.ids += [str(found["id"])] if "id" in found else []
        picture, words = tag == "img" or found.get("role") == "img", found.get("alt") or found.get("aria-label")
        if picture and not words:
            self.bare.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open = self.open[:-1] if tag not in VOID else self.open

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(*outcomes: Outcome) -> Page:
    tile = Tile(picture(np.eye(3)), "a digit", "3 → 5", wrong=True)
    blocks = [
        "A <text> with *marks*.",
        Table(("name", "n"), [("a", 1200)], "A caption.", total=("all", 1200)),
        Heatmap(np.array([[2, 0], [1, 3]]), "ab"),
        chart({"a": ([1, 2], [3, 4])}, "x", "y"),
        formula("x^2", "x squared"),
        Grid([tile], "Tiles."),
        Verbatim("<O>\n  is", "A speech.", [1, 0.5, 0, 0, 0, -0.5, -1, 0]),
    ]
    sections = [Section(title, blocks) for title in ("One", "Two", "Three")]
    facts = {"Settings": {"seed": 1, "full": False}}
    return Page("A & B", "a-b", "tests", "The lead.", "chainrule run a-b", outcomes, facts, sections, ["Interrupted."])


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def test_the_page_is_well_formed_and_asks_for_nothing() -> None:
    reader = read(page().html())
    assert reader.open == []
    assert reader.addresses
    assert [a for a in reader.addresses if not a.startswith(("data:", "#"))] == []
    assert "@import" not in page().html()
    assert "url(http" not in page().html()


def test_links_and_ids_fit() -> None:
    reader = read(page().html())
    linked = {a[1:] for a in reader.addresses if a.startswith("#s")}
    assert linked == {"s1", "s2", "s3"} <= set(reader.ids)


def test_every_picture_is_told_in_words() -> None:
    assert read(page().html()).bare == []


def test_lines_of_a_programme_are_not_broken() -> None:
    sections = [Section("Code", [Verbatim("a = 1"), Verbatim("b = 2", wrap=False)])]
    html = Page("A", "a", "tests", "The lead.", "chainrule run a", sections=sections).html()
    assert '<figure class="verbatim"><pre>\na = 1' in html
    assert '<figure class="verbatim code"><pre>\nb = 2' in html


def test_texts_are_escaped() -> None:
    html = page().html()
    assert "A &lt;text&gt; with <em>marks</em>." in html
    assert "<title>A &amp; B · chainrule</title>" in html


@pytest.mark.parametrize(
    ("held", "verdict", "mark"), [(True, "✓ 1 of 1", "✓ yes"), (False, "✗ 0 of 1", "✗ no"), (None, "✗ 0 of 1", "—")]
)
def test_the_verdict(held: bool | None, verdict: str, mark: str) -> None:
    text = read(page(Outcome("accuracy", "≥ 94 %", "95 %", held)).html()).text
    assert f"{verdict} expectations held" in text
    assert mark in text


def test_the_last_line_claims_of_measured_numbers_only_that_they_are_of_the_run() -> None:
    text = read(page().html()).text
    assert "Made by chainrule run a-b; every measured number on this page is of that run." in " ".join(text.split())
    assert "every number" not in text


def test_numbers_stand_in_words_and_notes_come_first(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text(page().html(), encoding="utf-8")
    text = read((tmp_path / "report.html").read_text(encoding="utf-8")).text
    assert "1,200" in text
    assert text.index("Interrupted.") < text.index("One")
    assert "full" in text
    assert "no" in text
