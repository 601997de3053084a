"""Records of `ops/contraction.py`."""

import numpy as np
from hypothesis import strategies as st

import chainrule as cr
from chainrule.conformance.record import Record, normal, s, wrong

a, b, v, square = normal(3, 4), normal(4, 2), normal(4), normal(3, 3)
batch, other, w = normal(2, 3, 4), normal(2, 4, 5), normal(3)


@st.composite
def _equations(draw):
    """Two or three operands of random letters, in explicit form, with sizes that are broadcast at times."""
    sizes = {letter: draw(st.integers(0, 3)) for letter in "abcd"}
    terms = [draw(st.lists(st.sampled_from("abcd"), max_size=3)) for _ in range(draw(st.integers(1, 3)))]
    shapes = [
        [draw(st.sampled_from((sizes[c], sizes[c], 1))) if term.count(c) == 1 else sizes[c] for c in term]
        for term in terms
    ]
    used = sorted({c for term in terms for c in term})
    out = draw(st.lists(st.sampled_from(used), unique=True)) if used else []
    equation = ",".join("".join(term) for term in terms) + "->" + "".join(out)
    return s(equation, *(normal(*shape, seed=i) for i, shape in enumerate(shapes)))


RECORDS = (
    Record(
        "einsum",
        (
            s("ij,jk->ik", a, b),
            s("ij,jk", a, b),
            s("bij,bjk->bik", batch, other),
            s("bij, bkj -> bki", batch, normal(2, 5, 4)),
            s("i,j->ij", v, normal(3)),
            s("i,i->", v, v),
            s("ij->ji", a),
            s("ij->", a),
            s("ba", a),
            s("ii->i", square),
            s("ii", square),
            s("iij->j", normal(3, 3, 2)),
            s("iii->i", normal(2, 2, 2)),
            s("ij,ij->ij", a, a),
            s("ij,kl->", a, b),
            s("ij,jk,kl->il", a, b, normal(2, 5)),
            s("bn,anm,bm->ba", normal(2, 5), normal(3, 5, 4), normal(2, 4)),
            s("bhqd,bhkd->bhqk", normal(2, 2, 3, 4), normal(2, 2, 5, 4)),
            s("...ij,...jk->...ik", normal(2, 1, 3, 4), normal(5, 4, 2)),
            s("...ij,jk", batch, normal(4, 2)),
            s("...i->...", batch),
            s("...i->i", batch),
            s("...ii->...i", normal(2, 3, 3)),
            s("i...,i", batch, normal(2)),
            s("...,...->...", normal(), a),
            s("ij,jk->ik", normal(3, 1), b),
            s("ij,ij->i", a[:, :1], a),
            s("ij,jk->ik", normal(3, 0), normal(0, 2)),
            s("ij,jk->ik", [a, b]),
            s("zA,Az->A", a, a.T.copy()),
            s(",->", normal(), normal(seed=1)),
            s(",ij->ji", normal(), a),
        ),
        gradients=(1, 2, 3),
        errors=(
            wrong(ValueError, "einsum(): 'ij,jk->ik' names 2 operands, 1 are given", "ij,jk->ik", a),
            wrong(ValueError, "einsum(): 'ijk->i': 'ijk' does not fit operand 0 of shape (3, 4)", "ijk->i", a),
            wrong(ValueError, "einsum(): 'i->i': 'i' does not fit operand 0 of shape (3, 4)", "i->i", a),
            wrong(ValueError, "einsum(): 'ij,jk': 'j' is 4 and, in operand 1 of shape (3, 4), 3", "ij,jk", a, a),
            wrong(ValueError, "einsum(): 'ij->iik': the result may name each dimension of the operands", "ij->iik", a),
            wrong(ValueError, "einsum(): 'i1': only letters, ',', '->' and '...' once a term are possible", "i1", a),
            wrong(TypeError, "einsum(): an equation such as 'ij,jk->ik' is needed, not 5", 5, v),
            wrong(TypeError, "einsum(): the dtypes differ: float64, int64", "i,i", v, np.arange(4)),
        ),
        draws=_equations(),
        large=(s("bij,bjk->bik", normal(5, 67, 33), normal(5, 33, 41)),),
    ),
    Record(
        "einsum_of_numbers",
        (
            s(a, [0, 1], b, [1, 2], [0, 2]),
            s(a, [27, 1], b, [1, 2]),
            s(batch, [Ellipsis, 3], v, [3], [Ellipsis]),
            s(square, [0, 0]),
        ),
        gradients=(0, 2),
        errors=(wrong(ValueError, "einsum(): dimensions are numbered from 0 to 51, not 52", a, [0, 52]),),
        oracle="einsum",
        call=cr.einsum,
    ),
    Record(
        "tensordot",
        (
            s(batch, normal(3, 4, 2)),
            s(a, b, 1),
            s(a, b, dims=([1], [0])),
            s(batch, normal(4, 3, 5), ([1, 2], [1, 0])),
            s(a, a, 0),
            s(a, a, ((0, -1), (0, 1))),
        ),
        gradients=(0, 1),
        errors=(
            wrong(ValueError, "tensordot(): dims [[1], [1]] of shapes (3, 4) and (4, 2) differ", a, b, ([1], [1])),
            wrong(ValueError, "tensordot(): dims = 3 must be from 0 to what", a, b, 3),
        ),
        draws=st.integers(0, 3).map(lambda n: s(normal(2, 3, 4), normal(*(2, 3, 4)[3 - n :], 2), n)),
    ),
    Record(
        "inner",
        (s(v, v), s(a, normal(2, 4)), s(a, normal()), s(batch, v)),
        gradients=(0, 1),
        errors=(wrong(ValueError, "inner(): the last sizes of (3, 4) and (4, 2) differ", a, b),),
        draws=st.builds(lambda k, m: s(normal(m, k), normal(k)), st.integers(0, 4), st.integers(0, 4)),
    ),
    Record("vdot", (s(v, v), s(normal(0), normal(0))), gradients=(0, 1)),
    Record(
        "vecdot",
        (s(v, v), s(a, a), s(a, normal(3, 1), dim=0)),
        gradients=(0, 1),
        call=cr.linalg.vecdot,
        oracle=lambda torch, *args, **named: torch.linalg.vecdot(*args, **named),
    ),
    Record("kron", (s(a, b), s(v, a), s(normal(), b), s(batch, v)), gradients=(0, 1)),
    Record(
        "chain_matmul",
        (s(a, b), s(a, b, normal(2, 5)), s(normal(2, 9), normal(9, 3), a, b)),
        gradients=(0, 1, 2, 3),
    ),
    Record(
        "multi_dot",
        (s([a, b]), s([w, a, b]), s((normal(2, 9), normal(9, 3), a, v)), s([v, b, normal(2)])),
        errors=(
            wrong(ValueError, "multi_dot(): matrices are needed, not shapes [(3, 4), (2, 3, 4)]", [a, batch]),
            wrong(ValueError, "multi_dot(): there are no matrices to multiply", []),
        ),
        call=cr.linalg.multi_dot,
        oracle=lambda torch, tensors: torch.linalg.multi_dot(tensors),
    ),
)
