"""Layers of padding for `test_layers.py`: how to build one, and an input's shape."""

IMAGES, LINES, VOLUMES = (2, 4, 9, 11), (2, 4, 9), (1, 4, 5, 4, 3)

LAYERS = {
    "zero pad of lines": (lambda nn: nn.ZeroPad1d((1, 2)), LINES),
    "zero pad": (lambda nn: nn.ZeroPad2d(2), IMAGES),
    "zero pad, cropping": (lambda nn: nn.ZeroPad2d((1, -2, 0, -1)), IMAGES),
    "zero pad of volumes": (lambda nn: nn.ZeroPad3d(1), VOLUMES),
    "constant pad of lines": (lambda nn: nn.ConstantPad1d(2, 3.5), LINES),
    "constant pad": (lambda nn: nn.ConstantPad2d((1, 2, 3, 4), -1.0), IMAGES),
    "constant pad of volumes": (lambda nn: nn.ConstantPad3d(1, 0.5), VOLUMES),
    "reflection pad of lines": (lambda nn: nn.ReflectionPad1d(2), LINES),
    "reflection pad": (lambda nn: nn.ReflectionPad2d((1, 2, 3, 4)), IMAGES),
    "reflection pad of volumes": (lambda nn: nn.ReflectionPad3d(1), VOLUMES),
    "replication pad of lines": (lambda nn: nn.ReplicationPad1d((4, 0)), LINES),
    "replication pad": (lambda nn: nn.ReplicationPad2d(2), IMAGES),
    "replication pad of volumes": (lambda nn: nn.ReplicationPad3d((1, 2, 0, 1, 2, 0)), VOLUMES),
    "circular pad of lines": (lambda nn: nn.CircularPad1d((4, 0)), LINES),
    "circular pad": (lambda nn: nn.CircularPad2d((1, 2, 3, 4)), IMAGES),
    "circular pad of volumes": (lambda nn: nn.CircularPad3d(1), VOLUMES),
}
