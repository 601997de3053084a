"""Layers of normalization and noise for the tests of `test_layers.py`: how to build one, and an input's shape."""

IMAGES, ROWS, LINES = (2, 4, 9, 11), (5, 6), (3, 4, 5)

LAYERS = {
    "batch norm": (lambda nn: nn.BatchNorm2d(4), IMAGES),
    "batch norm set": (lambda nn: nn.BatchNorm2d(4, 1e-2, 0.3), IMAGES),
    "batch norm evaluated": (lambda nn: nn.BatchNorm2d(4).eval(), IMAGES),
    "batch norm untracked": (lambda nn: nn.BatchNorm2d(4, track_running_stats=False).eval(), IMAGES),
    "batch norm cumulative": (lambda nn: nn.BatchNorm2d(4, momentum=None), IMAGES),
    "batch norm without affine": (lambda nn: nn.BatchNorm2d(4, affine=False), IMAGES),
    "batch norm without bias": (lambda nn: nn.BatchNorm2d(4, bias=False), IMAGES),
    "batch norm of rows": (lambda nn: nn.BatchNorm1d(6), ROWS),
    "batch norm of lines": (lambda nn: nn.BatchNorm1d(4, 1e-3), LINES),
    "layer norm": (lambda nn: nn.LayerNorm(6), ROWS),
    "layer norm of images": (lambda nn: nn.LayerNorm((9, 11), 1e-3), IMAGES),
    "layer norm without affine": (lambda nn: nn.LayerNorm([6], elementwise_affine=False), ROWS),
    "layer norm without bias": (lambda nn: nn.LayerNorm(6, bias=False), ROWS),
    "group norm": (lambda nn: nn.GroupNorm(2, 4), IMAGES),
    "group norm without affine": (lambda nn: nn.GroupNorm(1, 6, affine=False), ROWS),
    "group norm without bias": (lambda nn: nn.GroupNorm(4, 4, 1e-3, bias=False), LINES),
    "instance norm": (lambda nn: nn.InstanceNorm2d(4), IMAGES),
    "instance norm of one": (lambda nn: nn.InstanceNorm2d(4, affine=True), IMAGES[1:]),
    "instance norm tracked": (lambda nn: nn.InstanceNorm2d(4, 1e-3, 0.2, True, True), IMAGES),
    "instance norm evaluated": (lambda nn: nn.InstanceNorm2d(4, track_running_stats=True).eval(), IMAGES),
    "rms norm": (lambda nn: nn.RMSNorm(6), ROWS),
    "rms norm of images": (lambda nn: nn.RMSNorm((9, 11), 1e-3, False), IMAGES),
    "local response norm": (lambda nn: nn.LocalResponseNorm(3), IMAGES),
    "local response norm set": (lambda nn: nn.LocalResponseNorm(2, 0.5, 0.6, k=2.0), LINES),
    "dropout of channels, off": (lambda nn: nn.Dropout2d(0.3).eval(), IMAGES),
    "dropout of lines, off": (lambda nn: nn.Dropout1d(0.3).eval(), LINES),
    "dropout of no channel": (lambda nn: nn.Dropout2d(0, True), IMAGES),
}
