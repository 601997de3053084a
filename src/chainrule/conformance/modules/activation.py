"""Records of `nn/activation.py` and `nn/piecewise.py`."""

from typing import Any

from hypothesis import strategies as st

from chainrule.conformance.layer import Layer, Use, layer, use
from chainrule.conformance.record import apart, normal

shapes, slopes = st.lists(st.integers(0, 4), max_size=4), st.sampled_from((0.0, 0.1, 0.5, 1.5, 2))
inplace = st.booleans()


@st.composite
def _uses(draw: st.DrawFn, /, **settings: st.SearchStrategy[Any]) -> Use:
    """On any shape, with some of the settings: the first ones by position, up to any place."""
    given = {name: draw(strategy) for name, strategy in settings.items()}
    count = draw(st.integers(0, len(given)))
    named = {name: value for name, value in list(given.items())[count:] if draw(st.booleans())}
    values = draw(st.sampled_from((apart, normal)))
    return use(*list(given.values())[:count], **named, inputs=values(*draw(shapes)), training=draw(st.booleans()))


def _layer(name: str, **settings: st.SearchStrategy[Any]) -> Layer:
    return layer(name, _uses(**settings))


@st.composite
def _along(draw: st.DrawFn) -> Use:
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    dim = draw(st.integers(-len(shape), len(shape) - 1))
    named: dict[str, Any] = {"dim": dim} if draw(st.booleans()) else {}
    return use(*([] if named else draw(st.sampled_from(([], [dim])))), **named, inputs=normal(*shape))


@st.composite
def _halves(draw: st.DrawFn) -> Use:
    shape = draw(st.lists(st.sampled_from((0, 2, 4)), min_size=1, max_size=4))
    dim = draw(st.integers(-len(shape), len(shape) - 1))
    return use(*draw(st.sampled_from(((), (dim,)))), inputs=normal(*shape))


@st.composite
def _prelu(draw: st.DrawFn) -> Use:
    n, c, rest = draw(st.integers(0, 3)), draw(st.integers(1, 3)), draw(st.lists(st.integers(1, 3), max_size=2))
    args = draw(st.sampled_from(((), (c,), (1, 0.5), (c, 0.1))))
    return use(*args, inputs=apart(n, c, *rest))


@st.composite
def _images(draw: st.DrawFn) -> Use:
    return use(inputs=normal(*draw(st.lists(st.integers(1, 3), min_size=3, max_size=4))))


@st.composite
def _threshold(draw: st.DrawFn) -> Use:
    args = draw(st.sampled_from(((0.1, 20), (-0.5, 2.5, True), (1, 0, False))))
    return use(*args, inputs=apart(*draw(shapes)))


@st.composite
def _rrelu(draw: st.DrawFn) -> Use:
    """Outside of training, where nothing is drawn."""
    args = draw(st.sampled_from(((), (0.1,), (0.1, 0.5), (0.2, 0.2, True))))
    return use(*args, inputs=apart(*draw(shapes)), training=False)


def _hardsigmoid(nn: Any, *args: Any, **named: Any) -> Any:
    """PyTorch multiplies by 1/6 in float32: here it divides by 6."""
    made = nn.Hardsigmoid(*args, **named)
    if nn.__name__ == "torch.nn":
        made.forward = lambda x: nn.functional.relu6(x + 3) / 6
    return made


LAYERS = (
    _layer("CELU", alpha=st.sampled_from((0.5, 1.0, 2.0)), inplace=inplace),
    _layer("ELU", alpha=slopes, inplace=inplace),
    _layer("GELU", approximate=st.sampled_from(("none", "tanh"))),
    layer("GLU", _halves()),
    _layer("Hardshrink", lambd=slopes),
    layer("Hardsigmoid", _uses(inplace=inplace), _hardsigmoid),
    _layer("Hardswish", inplace=inplace),
    _layer("Hardtanh", min_val=st.sampled_from((-2, -1.0)), max_val=st.sampled_from((0.5, 3)), inplace=inplace),
    _layer("LeakyReLU", negative_slope=slopes, inplace=inplace),
    _layer("LogSigmoid"),
    layer("LogSoftmax", _along()),
    _layer("Mish", inplace=inplace),
    layer("PReLU", _prelu()),
    layer("RReLU", _rrelu()),
    _layer("ReLU", inplace=inplace),
    _layer("ReLU6", inplace=inplace),
    _layer("SELU", inplace=inplace),
    _layer("SiLU", inplace=inplace),
    _layer("Sigmoid"),
    layer("Softmax", _along()),
    layer("Softmax2d", _images()),
    layer("Softmin", _along()),
    _layer("Softplus", beta=st.sampled_from((1.0, 2, 0.5)), threshold=st.sampled_from((20.0, 3, 0.5))),
    _layer("Softshrink", lambd=slopes),
    _layer("Softsign"),
    _layer("Tanh"),
    _layer("Tanhshrink"),
    layer("Threshold", _threshold()),
)
