"""The page: what was expected and what came out, then the sections, in one HTML file that needs no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import jinja2

from .blocks import Block, Cell, cell, inline, paragraphs

__all__ = ["Outcome", "Page", "Section"]


@dataclass(frozen=True)
class Outcome:
    """A line of the table that matters most; `held` is None where nothing was measured."""

    name: str
    expected: str
    measured: str
    held: bool | None
    source: str = ""


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: Sequence[Block]


@dataclass
class Page:
    """A report: `write` it to a file, as often as there is something new to tell."""

    title: str
    name: str
    topic: str
    lead: str
    command: str
    """What a reader types to make this page anew."""
    outcomes: Sequence[Outcome] = ()
    facts: Mapping[str, Mapping[str, Cell]] = field(default_factory=dict)
    """{group: {name: value}}: settings, machine, versions and times."""
    sections: list[Section] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Warnings that a reader must see first, such as that the run was interrupted."""

    def html(self) -> str:
        """The whole document."""
        return _template().render(page=self)


def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"cell": cell, "inline": inline, "paragraphs": paragraphs}
    return environment.get_template("page.html.j2")
