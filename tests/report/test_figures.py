"""Drawings: on the page's colours, with nothing that two of them could share or that a network would be asked for."""

import base64
import io
import re

import matplotlib.image
import numpy as np
from matplotlib.patches import Circle

from chainrule.report import Drawing, chart, formula, picture, plane, shades
from chainrule.report.figures import INK, SERIES


def test_a_chart_takes_its_colours_from_the_page() -> None:
    svg = chart({"a": ([1, 2], [3, 4]), "b": ([1, 2], [5, 6])}, "x", "y").svg
    assert "currentColor" in svg
    assert "var(--c1)" in svg
    assert "var(--c2)" in svg
    assert not [stand_in for stand_in in (INK, *SERIES) if stand_in in svg]


def test_a_drawing_has_panels_in_the_colours_of_the_page() -> None:
    drawing = Drawing(rows=2, columns=3)
    with drawing as first:
        for panel in drawing.panels:
            panel.fill_between([0, 1], [1, 2], color="C4", alpha=0.3)
            panel.add_patch(Circle((0, 0), fill=False))
            panel.text(0, 0, "text", bbox={"boxstyle": "circle", "fc": "none"})
    assert first is drawing.panels[0]
    assert len(drawing.panels) == 6
    assert drawing.svg().count("var(--c5)") >= 6
    assert "#000000" not in drawing.svg()
    assert not [stand_in for stand_in in (INK, *SERIES) if stand_in in drawing.svg()]


def test_a_chart_is_told_in_words_too() -> None:
    few = chart({"a": ([0, 1], [0.5, 0.25])}, "moved by", "accuracy", percent=True)
    assert few.alt == "Line chart, accuracy by moved by. a: 50.0 %, 25.0 %."
    many = chart({"loss": (range(20), np.linspace(2, 1, 20))}, "epoch", "loss", log=True)
    assert many.alt == "Line chart, loss by epoch. loss: from 2 to 1."


def test_long_lines_are_not_marked_point_by_point() -> None:
    few, many = (chart({"a": (np.arange(n), np.arange(n))}, "x", "y").svg.count("<use") for n in (40, 400))
    assert few > 40 > many


def test_charts_escape_their_texts() -> None:
    assert "<b>" not in chart({"<b>": ([1], [1]), "c": ([1], [2])}, "<b>", "<b>").svg


def test_logarithmic_axes_are_labelled_also_where_they_span_little() -> None:
    svg = chart({"a": ([1, 2, 3], [0.02, 0.06, 0.3])}, "x", "y", percent=True, log=True).svg
    labels = re.findall(r">([^<>]+) %<", svg)
    assert {"2", "5", "10", "20"} <= set(labels)


def test_drawings_have_no_id_in_common() -> None:
    charts = [chart({"a": ([1, 2], [3, y])}, "x", "y").svg for y in (4, 5)]
    svg = "".join([*charts, formula("x^2", "x²").svg])
    ids = re.findall(r' id="([^"]+)"', svg)
    used = re.findall(r'(?:href="#|url\(#)([^")]+)', svg)
    assert len(ids) == len(set(ids)) > 2
    assert set(used) <= set(ids)


def test_a_formula_keeps_its_plain_text() -> None:
    drawn = formula(r"\frac{a}{b}", "a / b")
    assert drawn.alt == "a / b"
    assert drawn.svg.startswith("<svg")


def pixels(uri: str) -> np.ndarray:
    return matplotlib.image.imread(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/png;base64,"))))


def test_a_picture_has_a_pixel_for_each_value() -> None:
    values = np.array([[0.0, 0.5, 1.0], [1.0, 0.5, 0.0]])
    gray = pixels(picture(values))[..., 0]
    np.testing.assert_allclose(gray, values, atol=0.01)


def test_signed_values_are_red_and_blue_about_white() -> None:
    red, white, blue = pixels(plane(np.array([[2.0, 0.0, -2.0]])))[0, :, :3]
    assert white.min() > 0.95
    assert red[0] > red[2]
    assert blue[2] > blue[0]


def test_a_picture_in_colour_keeps_its_colours() -> None:
    values = np.random.default_rng(0).integers(0, 256, (3, 4, 3), np.uint8)
    np.testing.assert_allclose(255 * pixels(picture(values))[..., :3], values, atol=1e-3)


def test_a_picture_of_zeros_is_white() -> None:
    assert pixels(plane(np.zeros((2, 2))))[..., :3].min() > 0.95


def test_shades_are_the_darker_the_greater_the_share() -> None:
    figure = shades(np.array([[0.25, 0.75], [1, 0]]), "ab", ["x", "y & z"], "written", "read", "caption")
    assert re.findall(r"var\(--c1\)(?:; opacity: ([\d.]+))?", figure.svg) == ["0.25", "0.75", ""], "and one unseen"
    assert figure.alt == "Table of shades, written by read; the darkest of each row: a: y & z 75 %; b: x 100 %."
    assert "y &amp; z" in figure.svg
