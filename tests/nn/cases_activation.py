"""Activation layers for the tests of `test_layers.py`: how to build one, from either package, and an input's shape."""

IMAGES, ROWS = (2, 4, 9, 11), (5, 6)

LAYERS = {
    "relu6": (lambda nn: nn.ReLU6(), ROWS),
    "relu6 in place": (lambda nn: nn.ReLU6(True), ROWS),
    "selu": (lambda nn: nn.SELU(), ROWS),
    "selu in place": (lambda nn: nn.SELU(inplace=True), ROWS),
    "celu": (lambda nn: nn.CELU(), ROWS),
    "celu in place": (lambda nn: nn.CELU(0.5, True), ROWS),
    "mish": (lambda nn: nn.Mish(), IMAGES),
    "mish in place": (lambda nn: nn.Mish(True), ROWS),
    "softsign": (lambda nn: nn.Softsign(), ROWS),
    "hardtanh": (lambda nn: nn.Hardtanh(), ROWS),
    "hardtanh in place": (lambda nn: nn.Hardtanh(-2, 0.5, True), ROWS),
    "hardswish": (lambda nn: nn.Hardswish(), ROWS),
    "hardswish in place": (lambda nn: nn.Hardswish(True), ROWS),
    "log sigmoid": (lambda nn: nn.LogSigmoid(), ROWS),
    "tanhshrink": (lambda nn: nn.Tanhshrink(), ROWS),
    "hardshrink": (lambda nn: nn.Hardshrink(), ROWS),
    "hardshrink set": (lambda nn: nn.Hardshrink(1.5), ROWS),
    "softshrink": (lambda nn: nn.Softshrink(), ROWS),
    "softshrink set": (lambda nn: nn.Softshrink(lambd=0.1), ROWS),
    "glu": (lambda nn: nn.GLU(), ROWS),
    "glu of channels": (lambda nn: nn.GLU(1), IMAGES),
    "prelu": (lambda nn: nn.PReLU(), ROWS),
    "prelu of channels": (lambda nn: nn.PReLU(4, 0.1), IMAGES),
    "threshold": (lambda nn: nn.Threshold(0.1, 20), ROWS),
    "threshold in place": (lambda nn: nn.Threshold(-0.1, 2.5, True), ROWS),
    "softmin": (lambda nn: nn.Softmin(1), ROWS),
}
