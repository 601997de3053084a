"""Docstrings of operators: what each computes, of which shapes, with which arguments, gradients, errors and paper.

The rules are in `docstrings`. The errors are those of the records and of mistakes made from their samples: each kind
that is raised has to be named, and each that is named to be raised.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

import chainrule as cr
from chainrule import linalg, nn, ops
from chainrule.conformance.operators import RECORDS, Record
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
    without_gradient,
)
from wrong_calls import kinds, mistakes, stranger_mistakes

PAPERS = {
    "additive_attention": "Bahdanau 2014", "alpha_dropout": "Klambauer 2017", "batch_norm": "Ioffe 2015",
    "celu": "Barron 2017", "channel_shuffle": "Zhang 2018", "conv1d": "LeCun 1998", "conv2d": "LeCun 1998",
    "conv3d": "Tran 2015", "conv_transpose1d": "Zeiler 2010", "conv_transpose2d": "Zeiler 2010",
    "conv_transpose3d": "Zeiler 2010", "cross_entropy": "Szegedy 2016", "ctc_loss": "Graves 2006",
    "dropout": "Hinton 2012", "dropout2d": "Tompson 2015", "elu": "Clevert 2016",
    "feature_alpha_dropout": "Klambauer 2017", "gaussian_nll_loss": "Nix 1994", "gelu": "Hendrycks 2016",
    "glu": "Dauphin 2017", "group_norm": "Wu 2018", "gru": "Cho 2014", "gru_cell": "Cho 2014",
    "gumbel_softmax": "Jang 2017", "hardsigmoid": "Courbariaux 2015", "hardswish": "Howard 2019",
    "huber_loss": "Huber 1964", "instance_norm": "Ulyanov 2016", "interpolate": "Keys 1981", "kl_div": "Kullback 1951",
    "layer_norm": "Ba 2016", "leaky_relu": "Maas 2013", "local_response_norm": "Krizhevsky 2012",
    "lstm": "Hochreiter 1997", "lstm_cell": "Hochreiter 1997", "mish": "Misra 2020",
    "multi_head_attention_forward": "Vaswani 2017", "multinomial": "Efraimidis 2006", "pixel_shuffle": "Shi 2016",
    "pixel_unshuffle": "Shi 2016", "prelu": "He 2015", "relu6": "Krizhevsky 2010", "rms_norm": "Zhang 2019",
    "rnn_relu": "Elman 1990", "rnn_tanh": "Elman 1990", "rrelu": "Xu 2015",
    "scaled_dot_product_attention": "Vaswani 2017", "selu": "Klambauer 2017", "silu": "Elfwing 2018",
    "smooth_l1_loss": "Girshick 2015", "triplet_margin_loss": "Balntas 2016",
}  # fmt: skip


def find(name: str) -> Any:
    """What users call so, such as `softmax`, `linalg.norm` or the method `Tensor.expand`."""
    place, _, last = name.rpartition(".")
    places = [{"linalg": linalg, "nn": nn, "Tensor": cr.Tensor}[place]] if place else [ops, linalg, cr.Tensor, cr]
    return next((getattr(where, last) for where in places if hasattr(where, last)), None)


def public() -> dict[str, Any]:
    names = {*ops.__all__, *RECORDS, *(f"linalg.{name}" for name in linalg.__all__)}
    return {name: thing for name in sorted(names) if (thing := find_or_none(name)) is not None}


def find_or_none(name: str) -> Any:
    return None if " " in name else find(name)  # records of uses of an operator have names of several words


OPERATORS = public()
RECORDS_OF: dict[str, list[Record]] = defaultdict(list)
for _name, _record in RECORDS.items():
    if _name in OPERATORS:
        RECORDS_OF[text_of(OPERATORS[_name])].append(_record)  # aliases have one docstring


def everywhere() -> str:
    """What is the same for all operators."""
    return ops.__doc__ or ""


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_says_what_it_computes_and_of_which_shapes(name: str) -> None:
    assert says_what(text_of(OPERATORS[name])), f"{name}: neither a sentence nor an equation"
    assert not sent_nowhere(OPERATORS[name], find)
    if name not in ("generator", "manual_seed", "get_rng_state", "set_rng_state"):
        assert says_shapes(all_text(OPERATORS[name], find)), f"{name} names no shapes"


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_names_its_arguments(name: str) -> None:
    text = all_text(OPERATORS[name], find) + everywhere()
    first, *rest = [*parameters(OPERATORS[name]), ""]
    missing = unnamed(text, [p for p in rest if p] + ([] if first in ("", "x", "input", "self") else [first]))
    assert not missing, f"{name} does not say what {', '.join(missing)} is"


@pytest.mark.parametrize("name", [name for name in OPERATORS if name in RECORDS])
def test_an_operator_has_equations_of_its_gradients(name: str) -> None:
    record, names = RECORDS[name], list(RECORDS[name].parameters)
    wanted = [names[i] for i in record.gradients if i < len(names)]
    missing = without_gradient(all_text(OPERATORS[name], find), wanted)
    assert not missing, f"{name} does not tell the gradient of {', '.join(missing)}"


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_names_the_errors_that_it_raises(name: str) -> None:
    raised = raised_by(OPERATORS[name])
    raised |= kinds(RECORDS[name], mistakes(RECORDS[name])) if name in RECORDS else set()
    missing = raised - errors_named(all_text(OPERATORS[name], find))
    assert not missing, f"{name} raises {', '.join(sorted(missing))}, and does not say when"


@pytest.mark.parametrize("name", [name for name in OPERATORS if name in RECORDS and not name.endswith("_")])
def test_an_operator_raises_the_errors_that_it_names(name: str) -> None:
    named = errors_named(text_of(OPERATORS[name]))
    for record in RECORDS_OF[text_of(OPERATORS[name])]:
        named -= kinds(record, mistakes(record))
        named -= kinds(record, stranger_mistakes(record)) if named else set()
    assert not named, f"{name} is said to raise {', '.join(sorted(named))}, and none of the mistakes does"


@pytest.mark.parametrize("name", PAPERS)
def test_an_operator_names_its_paper(name: str) -> None:
    assert cites(all_text(OPERATORS[name], find), PAPERS[name]), f"{name}: {PAPERS[name]} is missing"
