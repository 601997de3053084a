"""Docstrings of modules, of `nn.init` and `nn.utils`: what `docstrings` asks, with errors of making and of calling."""

from __future__ import annotations

import inspect
import random
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, settings
from hypothesis import find as first_found

import chainrule as cr
from chainrule import nn
from chainrule.conformance.layer import Layer, Use
from chainrule.conformance.modules import LAYERS
from chainrule.conformance.record import mapped
from docstrings import (
    all_text,
    cites,
    errors_named,
    parameters,
    raised_by,
    says_shapes,
    says_what,
    sent_nowhere,
    text_of,
    unnamed,
)

PAPERS = {
    "AdditiveAttention": "Bahdanau 2014", "AlphaDropout": "Klambauer 2017", "BatchNorm1d": "Ioffe 2015",
    "BatchNorm2d": "Ioffe 2015", "BatchNorm3d": "Ioffe 2015", "CELU": "Barron 2017", "CTCLoss": "Graves 2006",
    "ChannelShuffle": "Zhang 2018", "Conv1d": "LeCun 1998", "Conv2d": "LeCun 1998", "Conv3d": "Tran 2015",
    "ConvTranspose1d": "Zeiler 2010", "ConvTranspose2d": "Zeiler 2010", "ConvTranspose3d": "Zeiler 2010",
    "CrossEntropyLoss": "Szegedy 2016", "Dropout": "Srivastava 2014", "Dropout2d": "Tompson 2015",
    "ELU": "Clevert 2016", "FeatureAlphaDropout": "Klambauer 2017", "GELU": "Hendrycks 2016", "GLU": "Dauphin 2017",
    "GRU": "Cho 2014", "GRUCell": "Cho 2014", "GaussianNLLLoss": "Nix 1994", "GroupNorm": "Wu 2018",
    "Hardsigmoid": "Courbariaux 2015", "Hardswish": "Howard 2019", "HuberLoss": "Huber 1964",
    "InstanceNorm1d": "Ulyanov 2016", "InstanceNorm2d": "Ulyanov 2016", "InstanceNorm3d": "Ulyanov 2016",
    "KLDivLoss": "Kullback 1951", "LSTM": "Hochreiter 1997", "LSTMCell": "Hochreiter 1997", "LayerNorm": "Ba 2016",
    "LeakyReLU": "Maas 2013", "Linear": "He 2015", "LocalResponseNorm": "Krizhevsky 2012", "Mish": "Misra 2020",
    "MultiheadAttention": "Vaswani 2017", "PReLU": "He 2015", "PixelShuffle": "Shi 2016", "RMSNorm": "Zhang 2019",
    "RNN": "Elman 1990", "RNNCell": "Elman 1990", "RReLU": "Xu 2015", "ReLU6": "Krizhevsky 2010",
    "SELU": "Klambauer 2017", "SiLU": "Elfwing 2018", "SmoothL1Loss": "Girshick 2015",
    "Transformer": "Vaswani 2017", "TransformerDecoder": "Vaswani 2017", "TransformerDecoderLayer": "Vaswani 2017",
    "TransformerEncoder": "Vaswani 2017", "TransformerEncoderLayer": "Vaswani 2017",
    "TripletMarginLoss": "Balntas 2016", "Upsample": "Keys 1981",
    "init.kaiming_normal_": "He 2015", "init.kaiming_uniform_": "He 2015", "init.orthogonal_": "Saxe 2014",
    "init.sparse_": "Martens 2010", "init.xavier_normal_": "Glorot 2010", "init.xavier_uniform_": "Glorot 2010",
    "utils.clip_grad_norm_": "Pascanu 2013",
}  # fmt: skip


FIRST = settings(phases=[Phase.generate], database=None, deadline=None)  # the first that is drawn will do


def find(name: str) -> Any:
    """What users of `nn` call so, such as `Linear`, `functional.linear` or `init.normal_`."""
    found: Any = nn
    for part in name.split("."):
        found = getattr(found, part, None)
    return getattr(cr.ops, name, None) if inspect.ismodule(found) or found is None else found


MODULES = sorted(name for name in nn.__all__ if inspect.isclass(getattr(nn, name)))
FUNCTIONS = ["summary"]
for _place, _module in (("init", nn.init), ("utils", nn.utils), ("utils.rnn", nn.utils.rnn)):
    FUNCTIONS += [f"{_place}.{name}" for name in _module.__all__ if callable(getattr(_module, name))]


@pytest.mark.parametrize("name", [*MODULES, *FUNCTIONS])
def test_it_says_what_it_computes(name: str) -> None:
    assert says_what(text_of(find(name))), f"{name}: neither a sentence nor an equation"
    assert not sent_nowhere(find(name), find)


@pytest.mark.parametrize("name", [name for name in MODULES if name in LAYERS])
def test_a_module_names_shapes(name: str) -> None:
    assert says_shapes(all_text(find(name), find)), f"{name} names no shapes"


@pytest.mark.parametrize("name", [*MODULES, *FUNCTIONS])
def test_it_names_its_arguments(name: str) -> None:
    text = all_text(find(name), find) + (nn.__doc__ or "")
    missing = unnamed(text, (p for p in parameters(find(name)) if p not in ("args", "kwargs")))
    assert not missing, f"{name} does not say what {', '.join(missing)} is"


@pytest.mark.parametrize("name", PAPERS)
def test_it_names_its_paper(name: str) -> None:
    assert cites(all_text(find(name), find), PAPERS[name]), f"{name}: {PAPERS[name]} is missing"


@pytest.mark.parametrize("name", [*MODULES, *FUNCTIONS])
def test_it_names_the_errors_that_it_raises(name: str) -> None:
    thing = find(name)
    bodies = [vars(thing).get("__init__"), vars(thing).get("forward")] if name in MODULES else [thing]
    raised = set().union(*map(raised_by, bodies))
    raised |= kinds(LAYERS[name]) if name in LAYERS and LAYERS[name].make is None else set()
    missing = raised - errors_named(all_text(thing, find))
    assert not missing, f"{name} raises {', '.join(sorted(missing))}, and does not say when"


@pytest.mark.parametrize("name", [name for name in MODULES if name in LAYERS and LAYERS[name].make is None])
def test_a_module_raises_the_errors_that_it_names(name: str) -> None:
    named = errors_named(text_of(find(name))) - kinds(LAYERS[name], (-5, 0, 1.5, "nonsense"))
    assert not named, f"{name} is said to raise {', '.join(sorted(named))}, and none of the mistakes does"


def kinds(record: Layer, instead: tuple[Any, ...] = (-5,)) -> set[str]:
    """The kinds of error that come of making the module wrong, and of calling it with what does not fit."""
    use = first_found(record.draws, lambda use: True, settings=FIRST, random=random.Random(0))  # noqa: S311
    calls = [*_made_wrong(record, use, instead), *_called_wrong(record, use)]
    return {kind for use in calls if (kind := _kind(record, use))}


def _made_wrong(record: Layer, use: Use, instead: tuple[Any, ...]) -> Iterator[Use]:
    """With another number in the place of each, and another word in the place of each."""
    names = parameters(getattr(nn, record.name))
    given = dict(zip(names, use.args, strict=False)) | use.kwargs
    for name, parameter in inspect.signature(getattr(nn, record.name)).parameters.items():
        value = given.get(name, parameter.default)
        if type(value) is int or type(value) is float:
            yield from (Use((), given | {name: wrong}, use.inputs, use.options) for wrong in instead)
        if isinstance(value, str):
            yield Use((), given | {name: "nonsense"}, use.inputs, use.options)


def _called_wrong(record: Layer, use: Use) -> Iterator[Use]:
    for strange in (np.ones((7, 5, 3, 2, 97)), np.ones(()), np.ones((2, 3, 4, 5), np.int64)):
        for i, value in enumerate(use.inputs):
            if isinstance(value, np.ndarray):
                yield Use(use.args, use.kwargs, (*use.inputs[:i], strange, *use.inputs[i + 1 :]), use.options)


def _kind(record: Layer, use: Use) -> str | None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            module = record.build(cr, use, "float64")
            module(*mapped(use.inputs, cr.tensor), **mapped(use.options, cr.tensor))
        except Exception as error:
            return type(error).__name__
    return None
