"""What people write with tensors, said here and in PyTorch: the same values, shapes and dtypes, or an error in both."""

import math
import operator
import warnings
from typing import Any

import numpy as np
import pytest

import chainrule as cr

# t is the package; x floats, d doubles, h halves, i integers, u bytes, b truth values, m a matrix, z without dimensions
NAMES = {
    "x": lambda t: t.tensor([1.5, -2.0, 0.0]),
    "d": lambda t: t.tensor([0.5, 4.0, -3.0], dtype=t.float64),
    "h": lambda t: t.tensor([1.0, 0.25, -3.0], dtype=t.float16),
    "i": lambda t: t.tensor([3, -2, 1]),
    "s": lambda t: t.tensor([3, -2, 1], dtype=t.int16),
    "u": lambda t: t.tensor([3, 2, 255], dtype=t.uint8),
    "b": lambda t: t.tensor([True, False, True]),
    "c": lambda t: t.tensor([False, False, True]),
    "m": lambda t: t.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    "z": lambda t: t.tensor(2.5),
    "k": lambda t: t.tensor(3),
}

ARITHMETIC = """
x + d ; x + i ; x + b ; x + z ; x + k ; i + z ; i + k ; b + k ; b + b ; b + 1 ; b + 1.5 ; i + 1 ; i + 1.5 ; i + True
h + x ; h + 1.5 ; h + i ; s + i ; u + s ; u + 1 ; u + 1.5 ; u - 5 ; 2 + x ; 2.5 + i ; True + b ; x - i ; 1 - x ; b - b
b - 1 ; 1 - b ; i - True ; x - b ; -x ; -i ; -u ; -b ; +x ; +b ; abs(x) ; abs(i) ; abs(b) ; x * i ; b * b ; b * 2.5
3 * i ; h * 1e6 ; z * k ; z * i ; k * x ; k * b ; k * 2.5 ; z * d ; u * u ; x / i ; i / i ; i / k ; b / b ; i / 0
1 / x ; 2 / i ; u / 2 ; x / 0 ; i // 2 ; i // k ; i // -2 ; i // 2.0 ; x // i ; 7 // i ; -7 // i ; x // 0 ; i // 0
u // 2 ; b // b ; i % 2 ; i % -2 ; x % 2 ; x % -1.5 ; 5 % i ; 5.5 % i ; i % 0 ; x % 0 ; u % 2 ; i ** 2 ; i ** 2.0
i ** 0.5 ; i ** -1 ; 2 ** i ; 2.0 ** i ; 2 ** u ; i ** i ; i ** x ; x ** i ; x ** 2 ; x ** 3.0 ; x ** 0.5 ; x ** -1
x ** 0 ; b ** 2 ; b ** b ; u ** 2 ; s ** 2 ; 0 ** x ; x ** b ; z ** 2 ; z ** i ; i @ i ; x @ x ; m @ x ; m @ m.T
m @ m ; x @ i ; m @ 2 ; x + [1, 2, 3] ; x + "a" ; x + None ; m + x ; m + m.T ; x + m ; x + np.float64(2)
np.float64(2) * x ; np.float32(2) - x ; x * np.ones(3) ; x * np.ones(3, np.float32) ; np.int64(3) + i
x / np.int32(2) ; divmod(x, 2) ; x ** 2 + 2 * x + 1 ; (x - x.mean()) / (x.std() + 1e-5) ; -x ** 2 ; x * x == x ** 2
not z ; k in i ; 5 in i ; 1.5 in x ; b & c ; b | c ; b ^ c ; ~b ; ~i ; ~x ; i & 1 ; 1 & i ; i | 4 ; 4 ^ i ; b & True
True | b ; i & b ; i & i ; x & 1 ; u & 15 ; i << 1 ; i >> 1 ; 1 << k ; x << 1 ; u >> 1 ; i & 1.5 ; x == d ; x == 1.5
x == i ; x != 0 ; x < 0 ; 0 < x ; x >= i ; i > 0.5 ; b == True ; b == c ; b < c ; i == 3 ; i == z ; x == None
x != None ; x == "a" ; x < "a" ; x < None ; x == [1.5, -2.0, 0.0] ; h == 0.25 ; x == np.ones(3) ; d == 0.5 ; x > m
m > m[0] ; z > 2 ; u == 255 ; x <= x ; k == k ; u * -1 ; 300 * u ; u ** -1 ; -1 * u
"""
FUNCTIONS = """
t.add(x, i) ; t.add(x, 2) ; t.add(x, d, alpha=2) ; x.add(2, alpha=3) ; i.add(i, alpha=2) ; i.add(i, alpha=1.5)
b.add(b, alpha=True) ; t.add(input=x, other=i) ; t.sub(x, i, alpha=2) ; t.subtract(x, 1) ; x.subtract(i, alpha=2)
t.mul(x, i) ; t.multiply(x, 2) ; t.div(i, 2) ; t.div(i, 2, rounding_mode="floor") ; t.div(i, 2, rounding_mode="trunc")
t.div(x, 0.7, rounding_mode="trunc") ; t.divide(x, i) ; t.true_divide(i, 2) ; t.div(i, 2.5, rounding_mode="floor")
t.div(x, 2, rounding_mode="up") ; t.floor_divide(i, 2) ; t.remainder(i, 2) ; t.remainder(x, i) ; t.remainder(5, i)
t.fmod(i, 2) ; t.fmod(x, -1.5) ; x.fmod(i) ; t.fmod(i, 0) ; t.fmod(x, 0) ; t.pow(x, 2) ; t.pow(2, x) ; t.pow(2, i)
t.pow(i, 2.5) ; x.pow(exponent=3) ; t.float_power(i, 2) ; t.float_power(2, i) ; t.float_power(x, i) ; t.square(i)
t.square(b) ; t.neg(i) ; t.negative(x) ; t.positive(x) ; t.abs(i) ; t.absolute(x) ; x.absolute() ; t.sqrt(i)
t.rsqrt(d) ; t.reciprocal(i) ; t.exp(i) ; t.exp2(i) ; t.expm1(b) ; t.log(i) ; t.log1p(x) ; t.log2(d) ; t.log10(k)
t.sin(i) ; t.cos(b) ; t.tan(x) ; t.sinh(i) ; t.cosh(x) ; t.tanh(i) ; t.asin(x) ; t.arcsin(d) ; t.acos(b) ; t.arccos(b)
t.atan(i) ; t.arctan(x) ; t.atan2(x, d) ; t.atan2(i, i) ; t.arctan2(x, d) ; t.asinh(x) ; t.acosh(d) ; t.atanh(x)
t.arcsinh(i) ; t.arccosh(i) ; t.arctanh(x) ; t.deg2rad(i) ; t.rad2deg(x) ; t.erf(i) ; t.erfc(x) ; t.sigmoid(i)
t.logit(d) ; t.logit(d, eps=0.25) ; t.logit(d, 0.6) ; t.sinc(x) ; t.hypot(x, d) ; t.logaddexp(x, d)
t.logaddexp2(x, x) ; t.xlogy(x, d) ; t.xlogy(x, 2) ; t.xlogy(0, x) ; t.copysign(x, d) ; t.copysign(x, -0.0)
t.copysign(i, -1) ; t.signbit(x) ; t.signbit(i) ; t.sgn(x) ; t.sign(i) ; t.sign(b) ; t.sign(x / 0) ; t.floor(x)
t.floor(i) ; t.floor(b) ; t.ceil(x) ; t.trunc(x) ; t.fix(x) ; t.frac(d) ; t.frac(i) ; t.round(x) ; t.round(i)
t.round(d * 1.234, decimals=1) ; t.round(d * 123, decimals=-1) ; t.round(i, decimals=1) ; t.nan_to_num(x / 0)
t.nan_to_num(x / 0, nan=7, posinf=1, neginf=-1) ; t.nan_to_num(i) ; t.nan_to_num(h / 0) ; t.maximum(x, d)
t.maximum(i, x) ; t.minimum(b, c) ; t.maximum(i, i.flip(0)) ; x.maximum(z) ; t.fmax(x, x / 0) ; t.fmin(x / 0, d)
t.fmax(i, x) ; t.clamp(x, -1, 1) ; t.clamp(x, min=0) ; t.clamp(i, 0.5) ; t.clamp(i, max=1) ; t.clamp(i, max=z)
t.clamp(x, min=i) ; t.clip(x, -1, 1) ; x.clip(max=0.5) ; t.clamp(x) ; t.clamp(x, 1, -1) ; t.clamp_min(x, 0)
t.clamp_max(i, 1.5) ; t.clamp_min(i, x) ; t.clamp(u, 2, 100) ; t.clamp(x, float("nan"), 1) ; t.clamp(x / 0, 0, 1)
t.where(b, x, d) ; t.where(b, x, 0) ; t.where(b, 1, 2) ; t.where(b, 1.0, 2) ; t.where(b, i, x) ; t.where(b, x, i)
t.where(b) ; t.where(m > 2) ; t.where(b, k, x) ; x.where(x > 0, 0) ; x.where(b, d) ; t.where(i, x, x)
t.where(m > 2, m, x) ; t.where(x > 0, t.tensor(1.0), 0.0) ; t.where(b, 2, x) ; t.where(b, 2.5, i)
t.lerp(x, x + 1, 0.3) ; t.lerp(x, x + 4, t.tensor([0.1, 0.5, 0.9])) ; t.lerp(x, d, 0.3) ; t.lerp(x, x + 1, z)
x.lerp(m, 0.5) ; t.addcmul(x, x, x, value=0.5) ; t.addcmul(x, i, d) ; t.addcdiv(x, x, d, value=2) ; t.addcdiv(i, i, i)
x.addcmul(m, m) ; t.addcmul(i, i, i, value=2) ; t.eq(x, d) ; t.ne(x, 0) ; t.lt(x, i) ; t.le(x, z) ; t.gt(i, 0.5)
t.ge(i, 1) ; t.greater(x, 0) ; t.less_equal(x, 0) ; t.not_equal(x, 0) ; t.greater_equal(i, x) ; t.less(x, d)
x.not_equal(0) ; t.logical_and(x, i) ; t.logical_or(b, c) ; t.logical_not(x) ; t.logical_xor(x, b) ; x.logical_xor(i)
t.isnan(x / 0) ; t.isinf(x / 0) ; t.isfinite(x / 0) ; t.isfinite(i) ; t.isnan(i) ; t.isposinf(x / 0)
t.isneginf(x / 0) ; t.isclose(x, x + 1e-9) ; t.allclose(x, x + 1e-9) ; t.isclose(i, i) ; t.isclose(x, d)
t.isclose(x / 0, x / 0, equal_nan=True) ; t.isclose(x, x + 0.1, atol=0.2, rtol=0) ; t.equal(x, x) ; t.equal(x, i)
x.equal(d) ; x.allclose(x) ; t.bitwise_and(i, 1) ; t.bitwise_or(b, c) ; t.bitwise_xor(i, i) ; t.bitwise_not(i)
t.bitwise_not(b) ; t.bitwise_left_shift(i, 2) ; t.bitwise_right_shift(i, 1) ; i.bitwise_and(b) ; t.bitwise_and(x, x)
t.relu(x) ; t.relu(i) ; t.relu(b) ; t.softmax(x, 0) ; t.softmax(m, dim=1) ; x.softmax(0) ; x.softmax(dim=-1)
t.softmax(i, 0) ; t.softmax(i, 0, dtype=t.float32) ; m.log_softmax(1) ; t.log_softmax(m, -1, t.float64) ; x.softmax(1)
t.celu(x, 2.0) ; t.selu(x) ; t.prelu(x, t.tensor([0.25])) ; t.prelu(m, t.tensor([0.1, 0.2, 0.3]))
t.threshold(x, 0.5, 7) ; t.rrelu(x) ; t.hardshrink(x, 1.6) ; x.hardshrink() ; x.sigmoid() ; x.tanh() ; x.relu()
x.prelu(z) ; t.any(b) ; t.all(b) ; x.any() ; m.all(1) ; m.any(dim=0, keepdim=True) ; t.all(u) ; t.any(x, 0)
t.all(m, (0, 1)) ; t.any(t.zeros(0)) ; t.all(t.zeros(0)) ; t.result_type(x, i) ; t.result_type(i, 1.5)
t.result_type(x, d) ; t.result_type(z, i) ; t.promote_types(t.float32, t.int64) ; t.promote_types(t.uint8, t.int8)
t.can_cast(t.float32, t.int64) ; t.can_cast(t.int64, t.float16) ; t.can_cast(t.bool, t.uint8) ; t.is_tensor(x)
t.is_tensor(1) ; t.is_floating_point(x) ; t.is_floating_point(i) ; t.is_complex(x) ; t.numel(m) ; t.is_nonzero(z)
t.is_same_size(x, d) ; t.pi ; t.e ; t.inf ; t.finfo(t.float32).eps ; t.iinfo(t.int64).max ; t.finfo(t.float64).tiny
t.finfo(t.float32).max ; t.float is t.float32 ; t.long is t.int64 ; t.int is t.int32 ; t.double is t.float64
t.half is t.float16 ; t.short is t.int16
"""
MAKING = """
t.zeros(2, 3) ; t.zeros((2, 3)) ; t.zeros([2, 3]) ; t.zeros(size=(2, 3)) ; t.zeros(()) ; t.zeros(0)
t.zeros(2, dtype=t.int64) ; t.zeros(2, dtype=t.bool) ; t.zeros(2, dtype=int) ; t.zeros(2, device="cpu") ; t.zeros(-1)
t.zeros(2.5) ; t.ones(2, 3, dtype=t.float64) ; t.ones(3, requires_grad=True) ; t.ones(m.shape) ; t.ones(m.size())
t.ones(x.size(0), 2) ; t.ones(2, dtype=t.bool) ; t.ones("a") ; t.ones(*m.shape) ; t.zeros(m.shape[0], k)
t.full((2, 3), 1.5) ; t.full((2,), 3) ; t.full((2,), True) ; t.full([2], 1, dtype=t.float32) ; t.full((), 2.5)
t.full((2, 2), fill_value=7) ; t.full((2,), math.inf) ; t.full(3, 1.0) ; t.full((2,), -math.inf, dtype=t.float64)
t.full((2,), z) ; t.full(size=(2,), fill_value=0) ; t.zeros_like(m) ; t.ones_like(i) ; t.full_like(x, 2)
t.full_like(i, 2.7) ; t.full_like(x, 1, dtype=t.int64) ; t.zeros_like(b) ; t.ones_like(x, dtype=t.float64)
t.zeros_like(x, requires_grad=True) ; t.empty(2, 3).shape ; t.empty_like(m).shape ; t.empty(0) ; t.empty((0, 3)).shape
t.zeros_like([1]) ; t.arange(5) ; t.arange(5.0) ; t.arange(1, 4) ; t.arange(1, 10, 3) ; t.arange(0, 1, 0.1)
t.arange(1, 0, -0.25) ; t.arange(5, dtype=t.float32) ; t.arange(start=1, end=4) ; t.arange(end=3) ; t.arange(0)
t.arange(0, 5, -1) ; t.arange(1, 2, 0) ; t.arange(2.5) ; t.arange(1, 2.5) ; t.arange(0, 10, step=2)
t.arange(1, 4, dtype=t.float64) ; t.arange(k) ; t.arange(5, 5) ; t.arange(-3, 3, 2) ; t.arange(0.5, 3)
t.arange(3, device="cpu") ; t.linspace(0, 1, 5) ; t.linspace(-1, 1, steps=3) ; t.linspace(0, 1, 1)
t.linspace(3, 10, steps=0) ; t.linspace(0, 10, 5, dtype=t.int64) ; t.linspace(0, 1) ; t.linspace(0, 1, -1)
t.linspace(start=0, end=1, steps=3, dtype=t.float64) ; t.linspace(5, 1, 3) ; t.logspace(0, 2, 3)
t.logspace(start=-10, end=10, steps=5) ; t.logspace(1, 3, 3, base=2) ; t.eye(3) ; t.eye(2, 3)
t.eye(3, dtype=t.int64) ; t.eye(0) ; t.eye(-1) ; t.eye(n=2, m=4) ; t.scalar_tensor(3) ; t.asarray([1, 2])
t.asarray(np.ones(2)) ; t.asarray(x, dtype=t.float64) ; t.tensor(1) ; t.tensor(1.5) ; t.tensor(True) ; t.tensor([])
t.tensor([[]]) ; t.tensor([1, 2.5]) ; t.tensor([True, 2]) ; t.tensor([[1, 2], [3, 4]]) ; t.tensor((1, 2))
t.tensor(range(3)) ; t.tensor([1.7, -2.3], dtype=t.int64) ; t.tensor([0, 2], dtype=t.bool) ; t.tensor(np.ones(2))
t.tensor(np.float64(1)) ; t.tensor([np.float64(1), 2]) ; t.tensor([np.float32(1), 2])
t.tensor(np.arange(3, dtype=np.int32)) ; t.tensor([z, z]) ; t.tensor([z, 2]) ; t.tensor([2, z]) ; t.tensor([k, 2])
t.tensor(x) ; t.tensor([[1], [2, 3]]) ; t.tensor("a") ; t.tensor(None) ; t.tensor([None]) ; t.tensor([1, "a"])
t.tensor(["a"]) ; t.tensor([np.ones(2), np.zeros(2)]) ; t.tensor([1, 2], dtype=float) ; t.tensor(3, dtype=t.float16)
t.tensor(float("nan")) ; t.tensor(2 ** 40) ; t.tensor([1e300]) ; t.tensor(data=[1, 2]) ; t.tensor([1], device="cpu")
t.tensor([1.0], device="tpu") ; t.tensor([1.0], requires_grad=True) ; t.tensor([1], requires_grad=True)
t.tensor(1 == 1) ; t.tensor({}) ; t.tensor([1, [2]]) ; t.as_tensor([1, 2]) ; t.as_tensor(np.ones(2))
t.as_tensor(np.ones(2), dtype=t.float32) ; t.as_tensor(x) ; t.as_tensor(x, dtype=t.int64) ; t.as_tensor(2.5)
t.from_numpy(np.arange(3)) ; t.from_numpy([1]) ; x.new_zeros(2, 3) ; i.new_ones((2,)) ; x.new_full((2,), 3)
i.new_full((2, 2), 1.5) ; x.new_tensor([1, 2]) ; d.new_zeros(2) ; x.new_empty(2, 3).shape
x.new_zeros(2, dtype=t.int64) ; b.new_ones(2) ; x.new_ones(m.shape) ; i.new_tensor([1.5]) ; d.new_tensor([1.5])
"""
ATTRIBUTES = """
m.shape[0] ; tuple(m.shape) ; m.size(0) ; m.size(-1) ; m.size(dim=1) ; tuple(m.size()) ; m.size(2) ; m.size(-3)
m.ndim ; m.dim() ; m.ndimension() ; m.numel() ; m.nelement() ; len(m) ; len(z) ; m.stride() ; m.stride(0)
m.T.stride() ; m.element_size() ; m.itemsize ; m.nbytes ; d.element_size() ; m.is_contiguous() ; m.T.is_contiguous()
list(m.shape) ; m.T ; m.mT ; x.T ; m.H ; x.mT ; m.t() ; m[None].mT ; z.item() ; k.item() ; b[0].item() ; m.item()
m.tolist() ; z.tolist() ; b.tolist() ; x.is_floating_point() ; i.is_floating_point() ; i.is_signed() ; u.is_signed()
x.is_complex() ; x.is_cuda ; x.requires_grad ; x.is_leaf ; x.grad ; x.grad_fn ; str(x.device) ; x.dtype is t.float32
x.dtype == t.float32 ; b.dtype == t.bool ; x.float() ; i.float() ; x.double() ; x.half() ; x.long() ; d.int()
x.short() ; i.bool() ; x.bool() ; b.float() ; b.int() ; i.byte() ; i.char() ; (x * 100).int() ; x.to(t.float64)
x.to(d) ; x.to("cpu") ; x.to("cpu", t.int64) ; x.to(dtype=t.float64) ; x.to(device="cpu", dtype=t.float64)
x.to(t.float64, non_blocking=True, copy=True) ; x.to(t.int64) ; x.to("cuda") ; x.to(t.bool) ; x.type(t.float64)
x.type_as(d) ; i.type_as(x) ; x.cpu() ; x.to(int) ; i.to(float) ; x.to(t.float64, True) ; x.numpy() ; x.detach()
x.clone() ; x.clone().detach() ; x.data ; np.asarray(x) ; np.array(m) ; np.sin(x) ; float(z) ; int(z) ; int(k)
bool(k) ; bool(t.tensor(0)) ; bool(x) ; float(x) ; int(t.tensor([3])) ; complex(z).real ; operator.index(k)
operator.index(z) ; [1, 2, 3, 4][k] ; range(k)[-1] ; list(x)[1] ; [v.item() for v in x] ; max(x) ; min(i) ; sum(i)
sorted(i.tolist()) ; f"{z:.2f}" ; f"{k:d}" ; "%.1f" % z ; round(z.item()) ; x.contiguous() ; hash(x) == hash(x)
tuple(reversed(i)) ; math.floor(z) ; x.view(3, 1) ; iter(x).__next__() ; x.is_nonzero() ; z.is_nonzero()
x.sum().item()
"""
IN_PLACE = """
x.add_(1) ; x.add_(d) ; x.add_(i, alpha=2) ; i.add_(1.5) ; i.add_(x) ; i.add_(True) ; b.add_(1) ; b.add_(b)
x.add_(m) ; m.add_(x) ; x.sub_(1) ; x.sub_(i, alpha=2) ; i.sub_(1) ; x.mul_(2) ; x.mul_(m[0]) ; i.mul_(1.5)
x.div_(2) ; i.div_(2) ; i.div_(2, rounding_mode="floor") ; x.pow_(2) ; i.pow_(2) ; x.neg_() ; x.abs_() ; x.sqrt_()
i.sqrt_() ; x.exp_() ; d.log_() ; x.clamp_(0, 1) ; x.clamp_(min=0) ; i.clamp_(0, 2) ; i.clamp_(0.5) ; x.clip_(max=0)
x.relu_() ; x.sigmoid_() ; x.tanh_() ; x.zero_() ; i.zero_() ; b.zero_() ; x.fill_(2) ; i.fill_(1.5) ; x.fill_(k)
x.fill_(d) ; b.fill_(True) ; x.copy_(d) ; x.copy_(i) ; i.copy_(d) ; m.copy_(x) ; x.copy_(m) ; x.copy_(z) ; x.floor_()
x.ceil_() ; x.round_() ; x.trunc_() ; x.frac_() ; x.sign_() ; x.square_() ; x.reciprocal_() ; d.rsqrt_() ; x.sin_()
x.cos_() ; x.erf_() ; x.floor_divide_(2) ; i.floor_divide_(2) ; x.remainder_(2) ; i.remainder_(2) ; x.fmod_(2)
x.lerp_(x + 1, 0.5) ; x.addcmul_(x, x, value=2) ; x.addcdiv_(x, d.float()) ; x.eq_(1.5) ; x.gt_(0) ; i.lt_(2)
x.logical_not_() ; i.bitwise_and_(1) ; i.bitwise_or_(4) ; b.logical_and_(c) ; b.bitwise_xor_(c) ; x.atan2_(d)
x.hypot_(d) ; x.nan_to_num_() ; x.clamp_min_(0) ; x.clamp_max_(0) ; x.multiply_(2) ; x.subtract_(1) ; x.divide_(2)
x.negative_() ; x.absolute_() ; x.expm1_() ; d.float_power_(2) ; x.true_divide_(2) ; x.copysign_(d) ; x.xlogy_(2)
x.add_(z) ; k.add_(1) ; z.mul_(2) ; t.relu_(x) ; t.abs_(x) ; t.neg_(x) ; t.sigmoid_(x) ; t.tanh_(x) ; t.exp_(x)
t.sqrt_(x) ; t.clamp_(x, 0, 1) ; t.zero_(x) ; t.fill_(x, 3) ; t.nn.functional.relu_(x) ; t.nn.functional.elu_(x)
t.nn.functional.leaky_relu_(x, 0.2) ; t.nn.functional.hardtanh_(x) ; t.nn.functional.threshold_(x, 0.5, 7)
t.nn.functional.selu_(x) ; t.nn.functional.celu_(x) ; t.round_(x) ; t.floor_(x) ; t.sin_(x) ; x[:1].expand(3).add_(1)
x[1:].add_(1) ; x[x > 0].add_(1)
"""
STATEMENTS = """
x += 1 ; x += d ; i += 1 ; i += 1.5 ; x -= i ; x *= 2 ; i *= 2.5 ; x /= 2 ; i /= 2 ; i //= 2 ; x //= 2 ; i %= 2
x **= 2 ; i **= 2 ; i &= 1 ; i |= 4 ; i ^= i ; b &= c ; b |= c ; i <<= 1 ; i >>= 1 ; x += m ; m += x ; m *= x > 0
x += z ; i += k ; x @= x ; x[0] = 5 ; x[1:] = 0 ; x[x > 0] = -1 ; m[:, 1] = 7 ; m[0] = x ; m[0, 1] += 5 ; m[:, 0] *= 2
x[[0, 2]] = 9 ; x[-1] = z ; i[0] = 2.7 ; m[1] /= 2 ; x[b] += 1 ; x[...] = 3 ; x[5] = 1 ; m[:, :2] = x ; x.data.add_(1)
x.data[0] = 3 ; b[0] = 0 ; x[0], x[1] = 1, 2 ; m.T[0] = 1 ; m.view(-1)[0] = 8 ; m[0].zero_() ; m[:, 0].fill_(3)
m[0].add_(1) ; x.T.mul_(2)
"""


def _split(text: str) -> list[str]:
    """The expressions of a table."""
    return [e.strip() for line in text.strip().splitlines() for e in line.split(" ; ")]


def _plain(value: Any) -> Any:
    """A value of either package as what can be compared: its kind, dtype, shape and numbers."""
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if hasattr(value, "detach"):
        array = value.detach().numpy()
        return ("tensor", array.dtype.name, array.shape, value.requires_grad, array.astype(float))
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return ("array", value.dtype.name, value.shape, value.astype(float))
    return str(value).removeprefix("torch.") if "float" in str(value) or "int" in str(value) else value


def _said(t: Any, text: str) -> Any:
    names = {name: make(t) for name, make in NAMES.items()} | {"t": t, "np": np, "math": math, "operator": operator}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if text in _split(STATEMENTS):
            exec(text, names)  # noqa: S102
            return [_plain(names[name]) for name in NAMES]
        return _plain(eval(text, names))  # noqa: S307


TABLES = (ARITHMETIC, FUNCTIONS, MAKING, ATTRIBUTES, IN_PLACE, STATEMENTS)


@pytest.mark.parametrize("text", [expression for table in TABLES for expression in _split(table)])
def test_says_the_same_as_pytorch(text: str) -> None:
    torch = pytest.importorskip("torch")
    try:
        expected = _said(torch, text)
    except Exception:
        with pytest.raises((TypeError, ValueError, IndexError, RuntimeError, ArithmeticError)):
            _said(cr, text)
        return
    np.testing.assert_equal(_rounded(_said(cr, text)), _rounded(expected))


def _rounded(value: Any) -> Any:
    """Floats to four digits, so that rounding does not count."""
    if isinstance(value, tuple | list):
        return [_rounded(v) for v in value]
    if isinstance(value, np.ndarray | float):
        with np.errstate(all="ignore"):
            return np.asarray([float(f"{v:.4g}") for v in np.ravel(value)])
    return value
