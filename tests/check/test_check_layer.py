"""Hand-written layers: right ones pass in every style, and of a wrong one the mistake is named."""

# ruff: noqa: NPY002 (the generator that students' layers draw from)

import numpy as np
import pytest
import student_layers
import wrong_layers
from layers import ConvolutionalLayer, FullyConnectedLayer, MaxPool, ReLU

from chainrule.check import RULES, CannotCheck, check_layer

SIZES = {
    "DenseTransposedSquare": (4, 4),
    "DenseUntransposedW": (4, 4),
    "Conv": (4, 2, 3, 3),
    "MaxPool": (2,),
    "Embedding": (7, 4),
    "BatchNorm": (5,),
}
NO_ARGUMENTS = ("ReLU", "Sigmoid", "Tanh", "Softmax", "AveragePool", "Dropout", "Changes", "CastsOutput", "NotANumber")


def check(name, **options):
    """Check a student's layer, made with sizes that suit its kind."""
    kind = next((kind for kind in SIZES if name.startswith(kind)), "")
    args = SIZES.get(kind, () if name.startswith((*NO_ARGUMENTS, "ReturnsList")) else (5, 4))
    return check_layer(getattr(student_layers, name), **{"args": args, **options})


# ------------------------------------------------------------------------------------------ right layers


@pytest.mark.parametrize(
    ("layer", "args", "gradients"),
    [
        (FullyConnectedLayer, (5, 4), ["dx", "dw", "db"]),
        (ConvolutionalLayer, (20, 2, 3, 3), ["dx", "dw", "db"]),
        (MaxPool, (2,), ["dx"]),
        (ReLU, (), ["dx"]),
    ],
)
def test_the_examples_are_right(layer, args, gradients):
    report = check_layer(layer, args=args)
    assert report.passed, str(report)
    assert [row.name for row in report.rows] == gradients
    assert max(row.relative for row in report.rows) < 1e-6


@pytest.mark.parametrize(
    ("name", "gradients"),
    [
        ("Dense", ["dx", "dw", "db"]),
        ("Conv", ["dx", "dw", "db"]),
        ("Sigmoid", ["dx"]),
        ("Softmax", ["dx"]),
        ("Embedding", ["dtable"]),
        ("AccumulatesAndClears", ["dx", "dw", "db"]),
        ("ReturnsTuple", ["dx", "dweights", "dbiases"]),
        ("InLists", ["dx", "grads.0", "grads.1"]),
        ("InDicts", ["dx", "grads.W", "grads.b"]),
        ("OneSample", ["dx", "dw", "db"]),
        ("ReusesBuffers", ["dx", "dw", "db"]),
        ("Block", ["dx", "dense.dw", "dense.db"]),
        ("BatchNorm", ["dx", "dgamma", "dbeta"]),
    ],
)
def test_right_layers_of_every_style_pass(name, gradients):
    report = check(name)
    assert report.passed, str(report)
    assert [row.name for row in report.rows] == gradients


# ------------------------------------------------------------------------------------------ wrong values


@pytest.mark.parametrize(
    ("name", "gradient", "mistake", "says"),
    [
        ("DenseMeanW", "dw", "mean", "3 times too small at every coordinate (3 is the batch size)"),
        ("DenseMeanB", "db", "mean", "A mean over the batch"),
        ("DenseUntransposedW", "dx", "transposed", "dx would be right with w.T in place of w"),
        ("DenseTransposedSquare", "dw", "transposed", "dw.T is right"),
        ("DenseSign", "dw", "sign", "exactly the negative"),
        ("DenseTwice", "dx", "factor 2", "2 times too large"),
        ("DenseHalf", "dw", "factor 2", "2 times too small"),
        ("DenseLearningRate", "dw", "factor", "100 times too small"),
        ("DenseLastSample", "dw", "missing batch sum", "index 2 (the last) of axis 0"),
        ("DenseFirstSample", "db", "missing batch sum", "index 0 (the first) of axis 0"),
        ("DenseZero", "dw", "zero", "zero everywhere"),
        ("DenseWeightDecay", "dw", "extra term", "plus 0.5 * w"),
        ("DenseShuffled", "dx", "reordered", "a reshape where a transpose is needed"),
        ("DenseShifted", "dw", "shifted", "shifted by one along axis 0"),
        ("DenseLeftOut", "dw", "left out", "all have index 4 (the last) of axis 0"),
        ("DenseOneEntry", "dw", "unknown", "1 of its 20 entries"),
        ("DenseNonsense", "dw", "unknown", "19 of its 20 entries"),
        ("ConvFlippedKernel", "dx", "flipped", "w rotated by 180 degrees"),
        ("ConvFlippedGradient", "dw", "flipped", "dw[:,:,::-1,::-1] is right"),
        ("ConvOverwrites", "dx", "overwritten", "Windows overlap there"),
        ("ConvBiasOnePosition", "db", "missing sum", "index 0 (the first) of axis 2, index 0 (the first) of axis 3"),
        ("ConvBiasMeanPositions", "db", "mean", "16 is the number of output positions"),
        ("ConvLastSample", "dw", "missing batch sum", "only one sample counts"),
        ("ConvTransposedKernel", "dw", "transposed", "dw.transpose(0, 1, 3, 2) is right"),
        ("ReLUNoMask", "dx", "missing derivative", "dx is delta itself"),
        ("ReLUNoDelta", "dx", "missing delta", "Multiply it by delta"),
        ("ReLUWrongSide", "dx", "formula", "backward computes dx = delta * (x < 0)"),
        ("SigmoidOfOutput", "dx", "derivative at the output", "at the output y"),
        ("SigmoidOfInput", "dx", "formula", "delta * x * (1 - x)"),
        ("TanhUnsquared", "dx", "formula", "delta * (1 - y)"),
        ("SoftmaxDiagonal", "dx", "formula", "delta * y * (1 - y)"),
        ("MaxPoolSpread", "dx", "missing mask", "0.25 times the right value: spread evenly?"),
        ("MaxPoolEverywhere", "dx", "missing mask", "a max-pool only to where the maximum is"),
        ("AveragePoolForgotten", "dx", "forgotten 1/N", "4 is the number of inputs for each output"),
        ("EmbeddingCountsOnce", "dtable", "repeated index", "np.add.at(dtable, i, delta)"),
    ],
)
def test_a_wrong_value_is_named_with_its_usual_mistake(name, gradient, mistake, says):
    report = check(name)
    assert not report
    assert (report.rule, report.name) == ("wrong value", gradient)
    assert [row.name for row in report.rows if not row.passed] == [gradient]
    assert report[gradient].relative > 1e-3
    (diagnosis,) = report.diagnoses
    assert (diagnosis.name, diagnosis.mistake) == (gradient, mistake)
    assert says in diagnosis.text


def test_the_place_and_the_two_values_are_those_of_the_wrong_entry():
    row = check("DenseOneEntry")["dw"]
    assert row.where == (1, 2)
    assert row.analytic - row.numeric == pytest.approx(0.01)
    assert row.absolute == pytest.approx(0.01)
    assert row.relative == pytest.approx(0.01 / (abs(row.analytic) + abs(row.numeric)))


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("DenseMeanW", "x.T @ delta"),
        ("DenseMeanB", "delta.sum(axis=0)"),
        ("DenseUntransposedW", "delta @ w.T"),
        ("ConvBiasOnePosition", "delta.sum(axis=(0, 2, 3))"),
        ("ReLUNoMask", "delta * (x > 0)"),
        ("SigmoidOfInput", "delta * y * (1 - y)"),
        ("TanhUnsquared", "delta * (1 - y**2)"),
        ("SoftmaxDiagonal", "y * (delta - (delta * y).sum(axis=-1, keepdims=True))"),
    ],
)
def test_the_right_formula_is_recognised_by_its_numbers(name, formula):
    report = check(name)
    assert report.diagnoses[0].formula == formula
    assert formula in " ".join(str(report).split())


def test_the_formulas_of_a_convolution():
    assert check("ConvFlippedGradient").diagnoses[0].formula.startswith("sum over n,h,w of delta[n,f,h,w]")
    assert "correlated with w[:,:,::-1,::-1]" in check("ConvFlippedKernel").diagnoses[0].formula


def test_a_factor_of_two_in_a_batch_of_two_says_both():
    (diagnosis,) = check("DenseTwice", shape=(2, 5)).diagnoses
    assert "2 is the batch size" in diagnosis.text


def test_every_wrong_gradient_is_told():
    class AllWrong(student_layers.Dense):
        def backward(self, delta):
            dx = -super().backward(delta)
            self.db = self.db / len(delta)
            return dx

    report = check_layer(AllWrong, args=(5, 4))
    assert [(d.name, d.mistake) for d in report.diagnoses] == [("dx", "sign"), ("db", "mean")]
    assert "Right: dw." in report.text


def test_a_large_wrong_layer_is_diagnosed_from_its_sample():
    report = check("DenseMeanW", args=(60, 50), shape=(4, 60))
    assert [(d.name, d.mistake, d.formula) for d in report.diagnoses] == [("dw", "mean", "x.T @ delta")]
    report = check("DenseLastSample", args=(60, 50), shape=(4, 60))
    assert [(d.name, d.mistake) for d in report.diagnoses] == [("dw", "missing batch sum")]


def test_loss_layers_without_delta_and_with_labels():
    labels = np.array([0, 2, 1])
    assert check_layer(student_layers.SoftmaxLoss, shape=(3, 4), extra=[labels])
    report = check_layer(student_layers.SoftmaxLossNoMean, shape=(3, 4), extra=[labels])
    assert [(d.name, d.mistake) for d in report.diagnoses] == [("dx", "forgotten 1/N")]


# ------------------------------------------------------------------------------------------ the other rules


@pytest.mark.parametrize(
    ("name", "rule", "gradient", "says"),
    [
        ("Raises", "raised", "", "in grad_w: return self.x @ delta"),
        ("ForwardReturnsNone", "wrong type", "", "forward returned None"),
        ("ReturnsList", "wrong type", "", "forward returned a list"),
        ("ReturnsNone", "wrong type", "dx", "It keeps one in self.dx: return that."),
        ("GradientMissing", "wrong type", "dw", "--params w:change"),
        ("OddNames", "wrong type", "dmatrix", "--params matrix:change"),
        ("DenseBatchBias", "wrong shape", "db", "(3, 4), but b has (4,)"),
        ("WrongShapeX", "wrong shape", "dx", "(5, 3), but x has (3, 5)"),
        ("Casts", "float32 used", "dx", "rounds to float32"),
        ("CastsGradient", "float32 used", "dw", "dw is float32"),
        ("CastsOutput", "float32 used", "", "the value of forward is float32"),
        ("NotANumber", "not finite", "dx", "nan at ["),
        ("Dropout", "not deterministic", "", "called twice with the same arguments"),
        ("Accumulates", "not deterministic", "dw", "gave two values of dw"),
        ("ChangesInput", "changed in place", "dx", "forward changes x itself"),
        ("ChangesDelta", "changed in place", "", "backward changes delta"),
        ("Updates", "changed in place", "dw", "the update (w -= lr * dw) belongs to the training loop"),
        ("UpdatesWithRate", "changed in place", "dw", "backward updates w itself"),
        ("Clips", "not linear", "dx", "Does it clip"),
    ],
)
def test_what_fails_before_or_after_the_numbers(name, rule, gradient, says):
    report = check(name)
    assert (report.rule, report.name) == (rule, gradient)
    assert says in report.text
    assert rule in RULES


@pytest.mark.parametrize(
    ("name", "mistake", "says"),
    [
        ("DenseBatchBias", "missing batch sum", "db.sum(axis=0) is right"),
        ("DenseBatchWeight", "missing batch sum", "dw.sum(axis=0) is right"),
        ("DenseTransposedShape", "transposed", "dw.T is right"),
        ("DenseKeepdims", "reshape", "db.reshape(b.shape) is right"),
        ("DenseSumAll", "summed too much", "over axis 0 of b as well"),
        ("DenseWrongAxis", "shape", "it has the shape of b: (4,)"),
        ("WrongShapeX", "transposed", "dx.T is right"),
        ("ConvBiasNoPositions", "missing sum", "The sum over the positions"),
    ],
)
def test_a_wrong_shape_is_named_with_its_usual_mistake(name, mistake, says):
    report = check(name)
    assert report.rule == "wrong shape"
    (diagnosis,) = report.diagnoses
    assert diagnosis.mistake == mistake
    assert says in diagnosis.text
    assert diagnosis.formula


@pytest.mark.parametrize("name", ["Raises", "ReturnsNone", "GradientMissing"])
def test_formulas_are_told_where_backward_gives_nothing(name):
    known = {d.name: d.formula for d in check(name).diagnoses}
    assert known["dw"] == "x.T @ delta"


def test_accumulated_gradients_are_told_and_zero_grad_is_the_way_out():
    (diagnosis,) = check("Accumulates").diagnoses
    assert diagnosis.mistake == "accumulated"
    assert "zero_grad()" in diagnosis.text


def test_dropout_repeats_itself_with_reseed():
    assert "--reseed" in check("Dropout").diagnoses[0].text
    assert check("Dropout", reseed=True).passed

    class OwnGenerator:
        def __init__(self):
            self.rng = np.random.default_rng()

        def forward(self, x):
            self.mask = self.rng.random(x.shape) > 0.5
            return x * self.mask

        def backward(self, delta):
            return delta * self.mask

    assert check_layer(OwnGenerator).rule == "not deterministic"
    assert check_layer(OwnGenerator, reseed=True).passed


def test_the_first_rule_that_failed_is_reported():
    class TwoMistakes(student_layers.Dense):
        def backward(self, delta):
            dx = super().backward(delta)
            self.w -= 0.1 * self.dw
            self.db = delta
            return dx

    assert check_layer(TwoMistakes, args=(5, 4)).rule == "wrong shape"


# ------------------------------------------------------------------------------------------ what it is given


def test_names_of_gradients_can_be_given():
    report = check("OddNames", params={"matrix": "change"})
    assert report.passed
    assert [row.name for row in report.rows] == ["dx", "change"]


def test_places_in_the_returned_tuple_can_be_given():
    assert check("ReturnsTuple", params={"weights": "2", "biases": "1"}).passed


def test_a_name_that_is_not_there():
    with pytest.raises(CannotCheck, match=r"no array 'v'; the arrays of the layer are: w \(5, 4\), b \(4,\)"):
        check("Dense", params={"v": "dv"})


def test_float32_parameters_are_converted_and_said_so():
    report = check("ReturnsTuple")
    assert report.passed
    assert "weights, biases: float32, converted to float64 for the check" in report.notes


def test_constant_parameters_are_made_random():
    class IgnoresGamma(student_layers.BatchNorm):
        def backward(self, dout):
            self.dgamma, self.dbeta = (dout * self.normal).sum(axis=0), dout.sum(axis=0)
            return (dout - dout.mean(axis=0) - self.normal * (dout * self.normal).mean(axis=0)) / self.deviation

    report = check_layer(IgnoresGamma, args=(5,))
    assert report.name == "dx"
    assert any(note.startswith("gamma is 1 everywhere") for note in report.notes)


def test_an_object_is_copied_and_left_alone():
    layer = student_layers.Updates(5, 4)
    before = layer.w.copy()
    assert check_layer(layer, shape=(2, 5)).rule == "changed in place"
    np.testing.assert_array_equal(layer.w, before)
    assert not hasattr(layer, "x")


def test_the_global_random_numbers_are_left_alone():
    np.random.seed(3)
    expected = np.random.rand()
    np.random.seed(3)
    check("Dense")
    assert np.random.rand() == expected


def test_x_may_be_given_and_its_ties_are_kinks():
    x = np.random.default_rng(0).standard_normal((1, 1, 4, 4))
    x[0, 0, 0, :2] = 9
    report = check_layer(MaxPool, x, args=(2,))
    assert report.passed
    assert report["dx"].kinks == ((0, 0, 0, 0), (0, 0, 0, 1))


def test_the_shape_that_was_tried_is_told():
    assert "x has a shape found by trying, (3, 2, 6, 6); --input gives another" in check("Conv").notes
    assert not any("found by trying" in note for note in check("Conv", shape=(2, 2, 5, 5)).notes)


def test_parameters_in_slots_and_in_lists_of_layers_are_found():
    class Slots:
        __slots__ = ("dw", "w", "x")

        def __init__(self):
            self.w = np.random.randn(4)

        def forward(self, x):
            self.x = x
            return x * self.w

        def backward(self, delta):
            self.dw = (delta * self.x).mean(axis=0)
            return delta * self.w

    assert check_layer(Slots).name == "dw"

    class Network:
        def __init__(self):
            self.layers = [FullyConnectedLayer(5, 4), ReLU(), student_layers.DenseSign(4, 3)]

        def forward(self, x):
            for layer in self.layers:
                x = layer.forward(x)
            return x

        def backward(self, delta):
            for layer in reversed(self.layers):
                delta = layer.backward(delta)
            return delta

    report = check_layer(Network)
    assert [row.name for row in report.rows if not row.passed] == ["layers.2.dw"]
    assert check_layer(ReLU).subject == "ReLU() on x (3, 4), no parameters"


def test_an_input_without_outputs_is_refused():
    with pytest.raises(CannotCheck, match=r"for x \(2, 2, 2, 2\) the output \(2, 4, 0, 0\) is empty"):
        check("Conv", shape=(2, 2, 2, 2))


def test_missing_parts_are_told_by_axes_even_of_many_outputs():
    (diagnosis,) = check("ConvOverwrites", args=(20, 2, 5, 5), shape=(2, 2, 9, 9)).diagnoses
    assert diagnosis.mistake == "overwritten"
    assert "of axis 1" not in diagnosis.text
    (diagnosis,) = check("ConvLastSample", args=(3, 2, 3, 3), shape=(6, 2, 12, 12)).diagnoses
    assert "with index 5 (the last) of axis 0 of y" in diagnosis.text


def test_a_layer_that_cannot_be_copied():
    class Locked(ReLU):
        def __init__(self):
            self.generator = (i for i in range(3))

    with pytest.raises(CannotCheck, match="cannot be copied"):
        check_layer(Locked)
    with pytest.raises(CannotCheck, match="give the class and its args"):
        check_layer(Locked())


def test_no_shape_fits():
    class Picky:
        def forward(self, x):
            raise ValueError("never")

        def backward(self, delta):
            return delta

    with pytest.raises(CannotCheck, match=r"accepts none of \(3, 4\)(.|\n)*ValueError: never(.|\n)*--input"):
        check_layer(Picky)


def test_a_logarithm_is_checked_where_it_is_defined():
    class Log:
        def forward(self, x):
            self.x = x
            with np.errstate(invalid="ignore"):
                return np.log(x)

        def backward(self, delta):
            return delta / self.x

    report = check_layer(Log)
    assert report.passed
    assert any("made positive" in note for note in report.notes)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"args": (5,)}, r"Dense\(5\) does not fit Dense\(inputs, outputs\): missing a required argument: 'outputs'"),
        ({"args": (5, 4), "kwargs": {"size": 3}}, "unexpected keyword argument 'size'"),
        ({"args": ("five", 4)}, r"Dense\('five', 4\) raised TypeError"),
    ],
)
def test_a_constructor_that_does_not_fit(options, says):
    with pytest.raises(CannotCheck, match=says):
        check("Dense", **options)


def test_missing_methods_and_arguments():
    with pytest.raises(CannotCheck, match="no method forward; its methods are: predict"):
        check_layer(type("Model", (), {"predict": lambda self, x: x}))
    with pytest.raises(CannotCheck, match=r"forward\(x, t\) needs t as well"):
        check("SoftmaxLoss", args=())

    class NeedsMore(ReLU):
        def backward(self, delta, mask):
            return delta

    with pytest.raises(CannotCheck, match=r"backward\(delta, mask\) wants more"):
        check_layer(NeedsMore)


@pytest.mark.parametrize(
    ("name", "args", "gradient", "mistake"),
    [
        ("Dense", (5, 4), "dw", "mean"),
        ("Convolution", (4, 2, 3, 3), "dx", "overwritten"),
        ("Pooling", (2,), "dx", "missing mask"),
        ("Rectifier", (), "dx", "missing derivative"),
        ("Sigmoid", (), "dx", "formula"),
    ],
)
def test_the_wrong_examples(name, args, gradient, mistake):
    report = check_layer(getattr(wrong_layers, name), args=args)
    assert [(d.name, d.mistake) for d in report.diagnoses] == [(gradient, mistake)]


# ------------------------------------------------------------------------------------------ what could be overlooked


class TwoLayers:
    """tanh(x·W1 + b1)·W2 + b2, where the last layer or all of it starts at zero."""

    def __init__(self, start=0.0, factor=1):
        self.W1, self.b1 = start * np.random.randn(4, 5), start * np.random.randn(5)
        self.W2, self.b2 = np.zeros((5, 2)), np.zeros(2)
        self.factor = factor

    def forward(self, x):
        self.x, self.h = x, np.tanh(x @ self.W1 + self.b1)
        return self.h @ self.W2 + self.b2

    def backward(self, delta):
        dh = (delta @ self.W2.T) * (1 - self.h**2)
        self.dW1, self.db1 = self.factor * self.x.T @ dh, dh.sum(axis=0)
        self.dW2, self.db2 = self.h.T @ delta, delta.sum(axis=0)
        return dh @ self.W1.T


@pytest.mark.parametrize("start", [0.0, 1.0])
def test_zeros_hide_no_parameters(start):
    report = check_layer(TwoLayers(start), shape=(3, 4))
    assert report.passed, str(report)
    assert [row.name for row in report.rows] == ["dx", "dW1", "db1", "dW2", "db2"]
    report = check_layer(TwoLayers(start, factor=7), shape=(3, 4))
    assert [(d.name, d.mistake) for d in report.diagnoses] == [("dW1", "factor")]


class Affine:
    """a·x + b with numbers, and others that are no parameters."""

    def __init__(self, a, b, factor=1, number=np.float64):
        self.a, self.b, self.factor, self.number = a, b, factor, number
        self.eps, self.k, self.p = 1e-12, 2, np.float64(0.5)

    def forward(self, x):
        self.x = x
        return self.a * x * self.k * self.p + self.b + self.eps

    def backward(self, delta):
        self.da = self.number((delta * self.x).sum() * self.k * self.p)
        self.db = self.number(self.factor * delta.sum())
        return delta * self.a * self.k * self.p


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.array(0.25), np.array(0.0)),
        (0.25, 0.0),
        (np.float64(0.25), np.float32(0)),
        (1, 0),
        (np.array(3), np.int32(2)),
    ],
)
@pytest.mark.parametrize("number", [np.float64, float, np.array])
def test_numbers_with_a_gradient_are_parameters(a, b, number):
    report = check_layer(Affine(a, b, number=number), shape=(3, 4))
    assert report.passed, str(report)
    assert [row.name for row in report.rows] == ["dx", "da", "db"]
    report = check_layer(Affine(a, b, factor=-3, number=number), shape=(3, 4))
    assert (report.rule, report.name) == ("wrong value", "db")


def test_a_number_does_not_take_the_gradient_of_an_array():
    class Dense(FullyConnectedLayer):
        def __init__(self, inputs, outputs):
            super().__init__(inputs, outputs)
            self.k, self.filters = 1.0, outputs  # other layers' names for weights

        def forward(self, x):
            return self.k * super().forward(x)

    report = check_layer(Dense, args=(5, 4))
    assert report.passed, str(report)
    assert [row.name for row in report.rows] == ["dx", "dw", "db"]


class Integers:
    """x·w, with weights as one types them."""

    def __init__(self, factor=1, returns=False):
        self.w = np.array([[1, -2], [3, 4]])
        self.factor, self.returns = factor, returns

    def forward(self, x):
        self.x = x
        return x @ self.w

    def backward(self, delta):
        dw, dx = self.factor * self.x.T @ delta, delta @ self.w.T
        if self.returns:
            return dx, dw
        self.dw = dw
        return dx


@pytest.mark.parametrize("options", [{}, {"shape": (3, 2)}, {"params": {"w": "dw"}}])
def test_parameters_of_integers_are_converted_and_said_so(options):
    report = check_layer(Integers(), **options)
    assert report.passed, str(report)
    assert [row.name for row in report.rows] == ["dx", "dw"]
    assert "w: integers, converted to float64 for the check" in report.notes
    assert check_layer(Integers(factor=9), **options).name == "dw"


def test_parameters_of_integers_whose_gradient_is_returned():
    assert check_layer(Integers(returns=True)).passed
    assert check_layer(Integers(factor=9, returns=True)).name == "dw"


class Param:
    """A parameter in an object of its own."""

    def __init__(self, value):
        self.value, self.grad = value, None


class Data:
    """The same under another name, without a dictionary."""

    __slots__ = ("data", "grad")

    def __init__(self, value):
        self.data, self.grad = value, np.zeros_like(value)


@pytest.mark.parametrize(("made", "name"), [(Param, "value"), (Data, "data")])
def test_parameters_in_objects_of_their_own(made, name):
    class Dense:
        def __init__(self, factor=1, forgets=False):
            self.params = {"W": made(np.random.randn(4, 3)), "b": made(np.zeros(3))}
            self.factor, self.forgets = factor, forgets

        def forward(self, x):
            self.x = x
            return x @ getattr(self.params["W"], name) + getattr(self.params["b"], name)

        def backward(self, delta):
            if not self.forgets:
                self.params["W"].grad = self.factor * self.x.T @ delta
            self.params["b"].grad = delta.sum(axis=0)
            return delta @ getattr(self.params["W"], name).T

    report = check_layer(Dense)
    assert report.passed, str(report)
    assert [row.name for row in report.rows] == ["dx", "params.W.grad", "params.b.grad"]
    assert check_layer(Dense(factor=5)).name == "params.W.grad"
    assert check_layer(Dense(forgets=True)).name == "params.W.grad"


def test_an_input_of_integers_is_differentiated_where_it_is_no_index():
    x = [[1, 2], [3, 4]]
    report = check_layer(Integers(), x)
    assert report.passed
    assert [row.name for row in report.rows] == ["dx", "dw"]
    assert "x: int64, converted to float64 for the check" in report.notes

    class Wrong(Integers):
        def backward(self, delta):
            return 4 * super().backward(delta)

    assert check_layer(Wrong(), x).name == "dx"


@pytest.mark.parametrize("one_hot", [False, True])
def test_an_input_of_indices_stays_one_and_that_is_said(one_hot):
    class Embedding(student_layers.Embedding):
        def forward(self, i):
            super().forward(i.astype(int))
            return (i[..., None] == np.arange(7)) @ self.table if one_hot else self.table[i]

    report = check_layer(Embedding, [[1, 2], [3, 1]], args=(7, 4))
    assert report.passed, str(report)
    assert [row.name for row in report.rows] == ["dtable"]
    assert "x is of int64, and forward does not follow small changes of it: dx is not checked" in report.notes


def test_returned_gradients_that_belong_to_nothing_are_told():
    class Shift:
        def __init__(self):
            self.b = 0.5

        def forward(self, x):
            return x + self.b

        def backward(self, delta):
            return delta, -3 * delta.sum()

    (note,) = (note for note in check_layer(Shift, shape=(3, 4)).notes if "beside dx" in note)
    assert note.startswith("backward returns 1 value beside dx, for 0 parameters: name the others")
    assert check_layer(Shift, shape=(3, 4), params={"b": "1"}).name == "db"
