"""Central differences, kinks and random directions, on plain functions of arrays."""

import numpy as np
import pytest

from chainrule.check import GradientError, check_pullback
from chainrule.check.numeric import Line, Setting, compare, generator

X = np.random.default_rng(5).standard_normal((3, 4))


def relu(x):
    return np.maximum(x, 0), lambda dy: dy * (x > 0)


def total(f, gradient):
    """A function of x that sums f over all entries, with a gradient that is claimed for it."""
    return lambda x: (np.asarray(f(x).sum()), lambda dy: dy * gradient(x))


@pytest.mark.parametrize(
    ("f", "derivative"),
    [
        (np.exp, np.exp),
        (lambda x: x**3, lambda x: 3 * x**2),
        (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
        (lambda x: np.log1p(np.exp(x)), lambda x: 1 / (1 + np.exp(-x))),
    ],
)
def test_right_gradients_pass_far_below_the_tolerance(f, derivative):
    report = check_pullback(lambda x: (f(x), lambda dy: dy * derivative(x)), [X])
    assert report.passed
    assert report["dx"].relative < 1e-7


@pytest.mark.parametrize("error", [1e-5, 1e-3, 1, -2])
def test_a_small_error_in_one_entry_is_found_where_it_is(error):
    def wrong(x):
        gradient = np.cos(x)
        gradient[1, 2] *= 1 + error
        return np.sin(x), lambda dy: dy * gradient

    report = check_pullback(wrong, [X])
    assert report.rule == "wrong value"
    assert report["dx"].where == (1, 2)
    row = report["dx"]
    assert row.analytic / row.numeric == pytest.approx(1 + error)
    assert row.relative == pytest.approx(abs(error) / (1 + abs(1 + error)), rel=1e-3)


def test_entries_of_very_different_size_are_held_to_the_same_relative_error():
    scale = np.logspace(-4, 6, 12).reshape(3, 4)
    assert check_pullback(lambda x: (scale * x, lambda dy: scale * dy), [X])
    report = check_pullback(lambda x: (scale * x, lambda dy: scale * dy * (1 + 1e-4 * (scale < 1e-3))), [X])
    assert report.rule == "wrong value"


def test_a_gradient_of_zero_passes_where_the_difference_is_only_rounding():
    x = 1e3 + X
    assert check_pullback(lambda x: (x.sum() + 0 * x, lambda dy: np.full_like(x, dy.sum())), [x])
    assert check_pullback(lambda x: (np.sqrt(x**2) - x, lambda dy: 0 * dy), [x])


# ------------------------------------------------------------------------------------------ kinks


def test_relu_at_zero_is_a_kink_and_not_an_error():
    report = check_pullback(relu, [np.array([1.0, 0.0, -1.0, 2.0, 0.0])])
    assert report.passed
    assert report["dx"].kinks == ((1,), (4,))
    assert "2 kinks" in str(report)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_tie_in_max_is_a_kink_however_the_gradient_is_shared(share):
    def maximum(x):
        mask = np.array([[share, 1 - share], [1, 0]])
        return x.max(axis=1), lambda dy: mask * dy[:, None]

    report = check_pullback(maximum, [np.array([[2.0, 2.0], [5.0, 1.0]])])
    assert report.passed
    assert report["dx"].kinks == ((0, 0), (0, 1))


@pytest.mark.parametrize("slope", [7.0, -0.5, 1.01])
def test_a_slope_outside_of_both_sides_is_wrong_at_a_kink_too(slope):
    def wrong(x):
        return np.maximum(x, 0), lambda dy: dy * np.where(x == 0, slope, x > 0)

    report = check_pullback(wrong, [np.array([1.0, 0.0, -1.0])])
    assert report.rule == "wrong value"
    assert report["dx"].where == (1,)
    assert report.diagnoses[0].mistake == "kink"


def test_kinks_that_cancel_in_a_chain_are_told_as_undecided():
    report = check_pullback(lambda x: (np.maximum(x, 0) - np.maximum(2 * x, 0), lambda dy: dy * 9), [np.zeros(2)])
    assert report.diagnoses[0].mistake == "kink"
    assert "Where several functions with kinks are chained" in report.diagnoses[0].text


@pytest.mark.parametrize("f", [np.square, np.cos, lambda x: x**4, np.cosh])
def test_a_wrong_gradient_at_an_extremum_does_not_hide_as_a_kink(f):
    report = check_pullback(total(f, lambda x: np.full_like(x, 1e-3)), [np.zeros(3)])
    assert report.rule == "wrong value"
    assert report["dx"].kinks == ()


def test_strong_curvature_is_no_kink():
    sharp = 1e4
    report = check_pullback(total(lambda x: np.tanh(sharp * x), lambda x: 0.9 * sharp + 0 * x), [np.zeros(2)])
    assert report.rule == "wrong value"
    assert report["dx"].kinks == ()


def test_a_jump_is_no_kink():
    report = check_pullback(lambda x: (np.sign(x), lambda dy: 5 * np.abs(dy)), [np.array([0.0, 1.0])])
    assert report.rule == "wrong value"
    assert report["dx"].kinks == ()


@pytest.mark.parametrize("distance", [1e-9, 5e-8, 7e-7, -7e-7, 2e-6, -1e-8])
def test_a_kink_nearby_does_not_spoil_a_right_gradient(distance):
    assert check_pullback(relu, [np.array([1.0, distance, -1.0])])


def test_an_input_all_on_kinks_is_told_rather_than_passed():
    report = check_pullback(relu, [np.zeros(4)])
    assert report.rule == "too many kinks"
    assert report.name == "dx"


# ------------------------------------------------------------------------------------------ the edge of a domain


def power(factor):
    return lambda x: (x**1.5, lambda dy: dy * factor * x**0.5)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("factor", [1.5, 7.0])
@pytest.mark.parametrize("limit", [1000, 1])
def test_where_a_step_leaves_the_domain_nothing_is_compared_and_nothing_passes(factor, limit):
    for x in (np.array([0.0, 1.0, 2.0]), np.array([2.0, 1.0, 0.0])):
        report = check_pullback(power(factor), [x], limit=limit)
        assert (report.rule, report.name, report["dx"].passed) == ("not finite", "dx", False)
        assert "Move x off the edge" in report.text
        assert limit == 1 or report["dx"].where == (int(x.argmin()),)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_near_an_edge_a_shorter_step_stays_inside():
    x = np.array([5e-7, 1.0])
    assert check_pullback(power(1.5), [x], tol=1e-3)
    assert not check_pullback(power(7.0), [x], tol=1e-3)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("f", "x"), [(np.exp, 709.782712893384), (np.reciprocal, 1e-6)])
def test_an_infinite_value_one_step_away_does_not_pass(f, x):
    report = check_pullback(lambda x: (f(x), lambda dy: 5 * dy * f(x)), [np.array([1.0, x])])
    assert (report.rule, report["dx"].where) == ("not finite", (1,))


def test_a_pullback_that_is_nan_for_some_cotangents_is_not_linear():
    def brittle(x):
        return np.sin(x), lambda dy: dy * np.cos(x) + (0 if np.isclose(dy, first).all() else np.nan)

    first = generator(0, "cotangent").standard_normal(X.shape)
    assert check_pullback(brittle, [X]).rule == "not linear"


# ------------------------------------------------------------------------------------------ large arrays

LARGE = np.random.default_rng(6).standard_normal((50, 60))


def test_a_large_array_takes_few_calls():
    calls = 0

    def sine(x):
        nonlocal calls
        calls += 1
        return np.sin(x), lambda dy: dy * np.cos(x)

    report = check_pullback(sine, [LARGE])
    assert report.passed
    assert calls < 200
    assert (report["dx"].looked_at, report["dx"].directions) == (65, 3)


@pytest.mark.parametrize("error", [1.0, 1e-2])
def test_one_wrong_entry_of_thousands_is_found_where_it_is(error):
    def wrong(x):
        gradient = np.cos(x)
        gradient[31, 7] *= 1 + error
        return np.sin(x), lambda dy: dy * gradient

    report = check_pullback(wrong, [LARGE])
    assert report.rule == "wrong value"
    assert report["dx"].where == (31, 7)


def test_kinks_in_a_large_array_are_set_apart():
    x = LARGE.copy()
    x[3, 4] = x[10, 11] = 0
    report = check_pullback(relu, [x])
    assert report.passed
    assert set(report["dx"].kinks) <= {(3, 4), (10, 11)}


def test_an_error_does_not_hide_behind_a_kink_in_a_large_array():
    x = LARGE.copy()
    x[3, 4] = 0

    def wrong(x):
        gradient = (x > 0) * 1.0
        gradient[40, 50] += 1e-3
        return np.maximum(x, 0), lambda dy: dy * gradient

    report = check_pullback(wrong, [x])
    assert report.rule == "wrong value"
    assert report["dx"].where == (40, 50)


def test_a_large_array_full_of_kinks_is_told_rather_than_passed():
    report = check_pullback(relu, [np.where(LARGE > 0.5, LARGE, 0)])
    assert report.rule == "too many kinks"


def test_the_limit_decides_what_is_looked_at():
    assert check_pullback(relu, [LARGE], limit=3000)["dx"].looked_at == 3000
    assert check_pullback(relu, [X], limit=5)["dx"].looked_at in (5, 6)


# ------------------------------------------------------------------------------------------ shapes and settings


@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 0, 3), (2, 3, 4)])
def test_every_shape_of_input(shape):
    x = np.random.default_rng(7).standard_normal(shape)
    report = check_pullback(lambda x: (np.sin(x), lambda dy: dy * np.cos(x)), [x])
    assert report.passed
    assert str(report)


def test_the_slopes_of_a_line_are_the_directional_derivative():
    v = generator(0, "test").standard_normal(X.shape)
    u = generator(0, "other").standard_normal(X.shape)
    slopes = Line(np.sin, X, v, np.sin(X), u).slopes(1e-6)
    assert slopes.central == pytest.approx(float((u * np.cos(X) * v).sum()), rel=1e-8)
    assert slopes.bend < 1e-4 * slopes.size


def test_random_numbers_differ_by_purpose():
    assert not np.array_equal(generator(0, "input").random(3), generator(0, "cotangent").random(3))
    assert np.array_equal(generator(0, "input").random(3), generator(0, "input").random(3))


def test_compare_can_be_used_alone():
    u = np.ones(X.shape)
    found = compare(np.sin, X, np.sin(X), u, np.cos(X), Setting())
    assert found.complete
    assert found.greatest < 1e-8
    assert found.fits(np.cos(X), 1e-6)
    assert not found.fits(np.cos(X) * 1.001, 1e-6)


OUT_OF_RANGE = {"eps": 0.0}, {"eps": 1e-16}, {"eps": np.nan}, {"tol": -1.0}, {"tol": 2.0}, {"limit": 0}


@pytest.mark.parametrize("bad", OUT_OF_RANGE)
def test_settings_out_of_range_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        check_pullback(relu, [X], **bad)


def test_a_failed_report_raises_on_request():
    report = check_pullback(lambda x: (np.sin(x), lambda dy: -dy * np.cos(x)), [X])
    with pytest.raises(GradientError, match="negative of the right gradient"):
        report.raise_if_failed()
    assert check_pullback(relu, [X]).raise_if_failed().passed
    with pytest.raises(KeyError, match="no gradient 'dw'"):
        report["dw"]


def test_a_pullback_may_be_a_tuple_of_functions():
    def product(x, w):
        return x @ w, (lambda dy: dy @ w.T, lambda dy: x.T @ dy)

    report = check_pullback(product, [X, X.T.copy()])
    assert report.passed
    assert [row.name for row in report.rows] == ["dx", "dw"]


def test_exchanged_gradients_are_told():
    report = check_pullback(lambda a, b: (a * b, lambda dy: (dy * a, dy * b)), [X, X + 1])
    assert [d.mistake for d in report.diagnoses] == ["exchanged", "exchanged"]
    assert "gives the right da as db" in str(report)


def test_a_difference_below_the_rounding_of_the_value_is_no_error():
    x = np.array([-34.0, 1.0])
    assert check_pullback(lambda x: (np.expm1(x), lambda dy: dy * np.exp(x)), [x])
    assert check_pullback(lambda x: (np.asarray(np.expm1(x).sum()), lambda dy: dy * np.exp(x)), [x])


def test_numbers_without_axes_stay_arrays():
    def square(x):
        if not isinstance(x, np.ndarray):
            raise TypeError(f"{type(x)} is no array")
        return x * x, lambda dy: 2 * x * dy + 0 * dy.ndim

    assert check_pullback(square, [np.array(1.5)])


def test_a_step_function_is_not_taken_for_float32():
    report = check_pullback(lambda x: (np.round(x * 50) / 50, lambda dy: dy), [X])
    assert report.rule == "wrong value"


def test_names_must_fit():
    with pytest.raises(ValueError, match="1 inputs, but 2 names: a, b"):
        check_pullback(relu, [X], names=["a", "b"])
