"""The lab conv-arithmetic: its numbers against PyTorch and paper, its errors, its drawings."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from chainrule import labs
from chainrule.cli import main
from chainrule.labs import conv_arithmetic as lab
from chainrule.labs._windows import Slide, maps, moving, number, stills
from chainrule.labs.conv_arithmetic import Convolution, Settings, averages, joined, matrix, several, slid, strides


def carry_out(settings: Settings) -> tuple[int, str]:
    file = io.StringIO()
    return labs.carry_out("conv-arithmetic", lab.LAB, settings, Console(file=file, width=100)), file.getvalue()


# ---------------------------------------------------------------------------------------------- numbers from text


def test_matrices_from_text() -> None:
    np.testing.assert_array_equal(matrix("m", "1 2 3; -4, .5 6e1"), [[1, 2, 3], [-4, 0.5, 60]])
    np.testing.assert_array_equal(several("m", "1 0; 0 1|0 1;1 0"), [[[1, 0], [0, 1]], [[0, 1], [1, 0]]])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--image", "1 2 3; 4 5"], "--image: row 2 has 2 numbers, but row 1 has 3 numbers"),
        (["--image", "1; 4 5"], "--image: row 2 has 2 numbers, but row 1 has 1 number"),
        (["--image", "1 2; 3 x"], "--image, row 2: 'x' is no number"),
        (["--image", "1 2; 3 nan"], "--image, row 2: nan is out of range"),
        (["--image", "1 2;; 3 4"], "--image: row 2 has no numbers"),
        (["--image", ""], "--image: row 1 has no numbers"),
        (["--image", "1 2 3"], "--image is 1 × 3: to be pooled it needs at least 2 rows and 2 columns"),
        (["--image", "; ".join(["1 2"] * 13)], "--image is 13 × 2: at most 12 × 12 can be shown"),
        (["--filters", "1 0; 0 1 | 1 2 3"], "--filters: filter 2 is 1 × 3, but filter 1 is 2 × 2"),
        (["--filters", "1 | a"], "--filters, filter 2, row 1: 'a' is no number"),
    ],
)
def test_what_is_wrong_with_a_map_is_told(words: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["run", "conv-arithmetic", *words])
    assert stop.value.code == 2
    told = capsys.readouterr().err.replace("│", " ")
    assert text in " ".join(told.split())


# ---------------------------------------------------------------------------------------------- the arithmetic


def test_outputs_by_hand() -> None:
    """On paper: each filter at a few places of the default map."""
    conv = Convolution(matrix("", lab.IMAGE), several("", lab.FILTERS))
    np.testing.assert_array_equal(conv.outputs[0], [[-6, 6, 6, 0], [-9, 9, 8, 0], [-9, 9, 8, 0], [-6, 6, 5, 0]])
    np.testing.assert_array_equal(conv.outputs[1, 2], [-3, -3, 4, -4])
    np.testing.assert_array_equal(averages(conv.outputs)[0], [[0, 3.5], [0, 3.25]])


@pytest.mark.parametrize("kernel", [(1, 1), (3, 3), (2, 2), (2, 5), (4, 1)])
@pytest.mark.parametrize("size", [(4, 4), (5, 7)])
def test_outputs_and_pooling_are_pytorchs(size: tuple[int, int], kernel: tuple[int, int]) -> None:
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    conv = Convolution(rng.standard_normal(size), rng.standard_normal((3, *kernel)))
    top, bottom, left, right = conv.around
    x = torch.nn.functional.pad(torch.tensor(conv.image)[None, None], (left, right, top, bottom))
    theirs = torch.nn.functional.conv2d(x, torch.tensor(conv.filters)[:, None])
    np.testing.assert_allclose(conv.outputs, theirs[0].numpy(), rtol=1e-12, atol=1e-14)
    assert conv.outputs.shape == (3, *size)
    pooled = torch.nn.functional.avg_pool2d(theirs, 2)[0].numpy()
    np.testing.assert_allclose(averages(conv.outputs), pooled, rtol=1e-12, atol=1e-14)
    one_step = [slid(conv.padded, joined(each), 2) for each in conv.filters]
    np.testing.assert_allclose(one_step, pooled, rtol=1e-12, atol=1e-14)


def test_strides() -> None:
    assert strides((6, 6), (3, 3)) == [(1, 4, 4, True), (2, 2, 2, False), (3, 2, 2, True)]
    assert strides((3, 3), (3, 3)) == [(1, 1, 1, True)]
    assert strides((9, 2), (3, 3)) == []
    assert strides((5, 4), (2, 2)) == [(1, 4, 3, True), (2, 2, 2, False), (3, 2, 1, False)]


def test_differences_are_relative_to_large_numbers() -> None:
    assert lab.apart(np.array([4.0, -1000]), np.array([4.0, -1001]), np.array([4.5, -1000])) == pytest.approx(1e-3)
    assert lab.apart(np.array([0.5]), np.array([0.25])) == 0.25


# ---------------------------------------------------------------------------------------------- drawings

SLIDE = Slide(np.arange(20.0).reshape(4, 5), np.array([[1.0, -1.0]]), np.ones((4, 2)), 2, (1, 0, 0, 0))


def test_a_slide_knows_what_lies_under_its_window() -> None:
    np.testing.assert_array_equal(SLIDE.window(3), [[12, 13]])
    assert SLIDE.place(3) == (1, 1)
    assert SLIDE.products(3) == "12·1 + 13·(−1)"
    assert Slide(np.zeros((1, 2)), np.ones((1, 2)), np.zeros((1, 1))).products(0) == ""


def test_stills_show_what_is_known_by_then() -> None:
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", stills(SLIDE, [1], "").svg)
    assert texts.count("1") - 1 == 1 + 2, "the input has a 1, the filter one, and the output two by then"
    assert "2·1 + 3·(−1) = 1" in texts


def test_the_moving_window_has_a_step_for_every_place() -> None:
    svg = moving(SLIDE, "it", "").svg
    assert "steps(2, jump-none)" in svg
    assert "steps(4, jump-none)" in svg
    assert "translateX(68px)" in svg, "one step of two cells"
    assert "prefers-reduced-motion" in svg
    assert "<script" not in svg
    one = moving(Slide(np.ones((2, 2)), np.ones((2, 2)), np.ones((1, 1))), "one", "").svg
    assert "jump-none" not in one, "there is nowhere to go"


def test_names_of_maps_are_escaped() -> None:
    assert "<b>" not in maps({"<b>": np.ones((1, 1))}, "").svg


def test_maps_go_on_below_where_a_row_is_full() -> None:
    many = maps({f"map {i}": np.ones((3, 4)) for i in range(7)}, "").svg
    width = float(re.findall(r'viewBox="\S+ \S+ (\S+)', many)[0])
    assert width < 620
    assert number(-0.0) == "0"
    assert number(-0.25) == "−0.25"


# ---------------------------------------------------------------------------------------------- runs


def test_the_default_run(tmp_path: Path) -> None:
    status, text = carry_out(Settings(out=tmp_path))
    assert status == 0, text
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    titles = ["What is given", "Padding, strides", "The outputs, step", "Average pooling", "Pooling is a conv"]
    places = [page.index(f">{title}") for title in titles]
    assert places == sorted(places)
    assert "s can be 1 or 3 with it, and 1 without." in re.sub(r"\s+", " ", page)
    assert "3·1 + 3·1 + 3·1 + 1·(−1)" in page
    ids = re.findall(r"@keyframes (\S+)", page)
    assert len(ids) == len(set(ids)) == 8


@pytest.mark.parametrize(
    ("image", "filters"),
    [
        ("1 2 3 4 5; 6 7 8 9 1; .5 1e6 -3 2 2", "1 0; 0 -1"),
        ("0 0; 0 0", "1 2 3; 4 5 6; 7 8 9 | 0 0 0; 0 0 0; 0 0 0 | 1 1 1; 1 1 1; 1 1 .1"),
        ("; ".join(["0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1 1.1 1.2"] * 12), "3"),
    ],
)
def test_maps_of_ones_own(image: str, filters: str, tmp_path: Path) -> None:
    status, text = carry_out(Settings(out=tmp_path, image=image, filters=filters))
    assert status == 0, text
    assert "row 2, column 3" not in text, "what is known of the default map is not expected of others"
