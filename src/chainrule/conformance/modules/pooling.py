"""Records of `nn/pooling.py`, from those of the functions."""

from chainrule.conformance.layer import Layer, as_module
from chainrule.conformance.operators import adaptive, pooling

CALLS = {record.name: record.draws for family in (pooling, adaptive) for record in family.RECORDS}
MAX = ("kernel_size", "stride", "padding", "dilation", "return_indices", "ceil_mode")
AVG = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad", "divisor_override")


def _layers(axes: int) -> tuple[Layer, ...]:
    return (
        as_module(f"MaxPool{axes}d", CALLS[f"max_pool{axes}d"], MAX),
        as_module(f"AvgPool{axes}d", CALLS[f"avg_pool{axes}d"], AVG),
        as_module(f"AdaptiveMaxPool{axes}d", CALLS[f"adaptive_max_pool{axes}d"], ("output_size", "return_indices")),
        as_module(f"AdaptiveAvgPool{axes}d", CALLS[f"adaptive_avg_pool{axes}d"], ("output_size",)),
    )


LAYERS = (*_layers(1), *_layers(2), *_layers(3))
