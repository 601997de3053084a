"""The transformer: layers of attention and dense networks, and stacks of them.

Vaswani et al.: Attention is all you need, 2017. `norm_first` normalizes what goes into each part instead of what comes
out: Xiong et al., On layer normalization in the transformer architecture, 2020.

Shapes: src (S, N, E) and tgt (T, N, E), or (N, S, E) and (N, T, E) with `batch_first`, or without N. Masks are those of
MultiheadAttention: truth values say True where a position is *not* seen, numbers are added to the scores.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import numpy.typing as npt

from chainrule.devices import check_device
from chainrule.nn import functional as F
from chainrule.nn import init
from chainrule.nn.attention import MultiheadAttention
from chainrule.nn.container import ModuleList
from chainrule.nn.dropout import Dropout
from chainrule.nn.linear import Linear
from chainrule.nn.module import Module
from chainrule.nn.normalization import LayerNorm
from chainrule.tensor import Tensor

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

Activation = str | Callable[[Tensor], Tensor]
_relu: Callable[[Tensor], Tensor] = F.relu


def _activation(name: str, activation: Activation) -> Any:
    """The function of that name, or the function or module itself."""
    known = {"relu": F.relu, "gelu": F.gelu}
    if isinstance(activation, str):
        if activation not in known:
            raise ValueError(f"{name}: activation={activation!r} is neither 'relu', 'gelu' nor a function")
        return known[activation]
    return activation


# ---------------------------------------------------------------------------------------------- layers


class TransformerEncoderLayer(Module):
    """Self-attention and a dense network, each added to its input and normalized:

        x ← norm1(x + attention(x, x, x)),   x ← norm2(x + W₂·φ(W₁·x + b₁) + b₂)

    or with `norm_first` x ← x + attention(norm1(x)) and x ← x + dense(norm2(x)). E = d_model, nhead heads, W₁
    (dim_feedforward, E); φ is `activation`, "relu", "gelu" or a function; `layer_norm_eps` is the norms' ε. `dropout`
    acts on the attention weights, on φ(…), and on both parts before they are added. Parameters and their names are
    PyTorch's.
    forward(src (S, N, E), src_mask, src_key_padding_mask, ...) -> (S, N, E), or (N, S, E) with `batch_first`.
    Errors: ValueError for another activation, else as in `MultiheadAttention`.
    Paper: Vaswani et al.: Attention is all you need (2017).
    """

    norm_first: bool

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: Activation = _relu, layer_norm_eps: float = 1e-5, batch_first: bool = False,
        norm_first: bool = False, bias: bool = True, device: Any = None, dtype: npt.DTypeLike | None = None,
    ) -> None:  # fmt: skip
        check_device(type(self).__name__, device)
        super().__init__()
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype)
        self.linear1 = Linear(d_model, dim_feedforward, bias, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, dtype=dtype)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = _activation("TransformerEncoderLayer", activation)

    def forward(
        self, src: Tensor, src_mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        def attend(x: Tensor) -> Tensor:
            y, _ = self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal)
            kept: Tensor = self.dropout1(y)
            return kept

        if self.norm_first:
            src = src + attend(self.norm1(src))
            return src + self._dense(self.norm2(src))
        src = self.norm1(src + attend(src))
        z: Tensor = self.norm2(src + self._dense(src))
        return z

    def _dense(self, x: Tensor) -> Tensor:
        y: Tensor = self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))
        return y


class TransformerDecoderLayer(Module):
    """Self-attention, attention to the encoder's output (`memory`), and a dense network; each added and normalized:

        x ← norm1(x + attention(x, x, x)),   x ← norm2(x + attention(x, memory, memory)),
        x ← norm3(x + W₂·φ(W₁·x + b₁) + b₂)

    or with `norm_first` the norms of the inputs. forward(tgt (T, N, E), memory (S, N, E), ...) -> (T, N, E).
    Arguments, errors and paper as in `TransformerEncoderLayer`.
    """

    norm_first: bool

    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1,
        activation: Activation = _relu, layer_norm_eps: float = 1e-5, batch_first: bool = False,
        norm_first: bool = False, bias: bool = True, device: Any = None, dtype: npt.DTypeLike | None = None,
    ) -> None:  # fmt: skip
        check_device(type(self).__name__, device)
        super().__init__()
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, dtype=dtype)
        self.linear1 = Linear(d_model, dim_feedforward, bias, dtype=dtype)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, dtype=dtype)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.norm3 = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.dropout3 = Dropout(dropout)
        self.activation = _activation("TransformerDecoderLayer", activation)

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor | None = None, memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None, memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False, memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        def attend_self(x: Tensor) -> Tensor:
            y, _ = self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal)
            kept: Tensor = self.dropout1(y)
            return kept

        def attend_memory(x: Tensor) -> Tensor:
            masks = (memory_key_padding_mask, False, memory_mask)
            y, _ = self.multihead_attn(x, memory, memory, *masks, is_causal=memory_is_causal)
            kept: Tensor = self.dropout2(y)
            return kept

        if self.norm_first:
            tgt = tgt + attend_self(self.norm1(tgt))
            tgt = tgt + attend_memory(self.norm2(tgt))
            return tgt + self._dense(self.norm3(tgt))
        tgt = self.norm1(tgt + attend_self(tgt))
        tgt = self.norm2(tgt + attend_memory(tgt))
        z: Tensor = self.norm3(tgt + self._dense(tgt))
        return z

    def _dense(self, x: Tensor) -> Tensor:
        y: Tensor = self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))
        return y


# ---------------------------------------------------------------------------------------------- stacks


def _copies(layer: Module, n: int) -> ModuleList:
    return ModuleList([deepcopy(layer) for _ in range(n)])


class TransformerEncoder(Module):
    """`num_layers` copies of encoder_layer in a row, and a last `norm`; they begin with equal weights.

    forward(src (S, N, E), ...) -> (S, N, E). `enable_nested_tensor` and `mask_check` are taken for PyTorch's sake; its
    fast path sets the outputs at padded positions to 0 in evaluation, here they are what the layers give. Errors and
    paper as in `TransformerEncoderLayer`.
    """

    def __init__(
        self, encoder_layer: TransformerEncoderLayer, num_layers: int, norm: Module | None = None,
        enable_nested_tensor: bool = True, mask_check: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def forward(
        self, src: Tensor, mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:  # fmt: skip
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, bool(is_causal))
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """`num_layers` copies of decoder_layer in a row, and a last `norm`; they begin with equal weights.

    forward(tgt (T, N, E), memory (S, N, E), ...) -> (T, N, E). Errors and paper as in `TransformerDecoderLayer`.
    """

    def __init__(self, decoder_layer: TransformerDecoderLayer, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor | None = None, memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None, memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None, memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        for layer in self.layers:
            tgt = layer(tgt, memory, *masks, bool(tgt_is_causal), memory_is_causal)
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """Encoder and decoder: forward(src (S, N, E), tgt (T, N, E), ...) -> (T, N, E). All matrices begin as Glorot's.

    E = d_model. The stacks have num_encoder_layers and num_decoder_layers; `custom_encoder` and `custom_decoder` take
    their places. The other arguments, the errors and the paper are those of `TransformerEncoderLayer`; and ValueError
    where src or tgt has not E features.
    """

    d_model: int
    nhead: int
    batch_first: bool

    def __init__(
        self, d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6, num_decoder_layers: int = 6,
        dim_feedforward: int = 2048, dropout: float = 0.1, activation: Activation = _relu,
        custom_encoder: Module | None = None, custom_decoder: Module | None = None, layer_norm_eps: float = 1e-5,
        batch_first: bool = False, norm_first: bool = False, bias: bool = True,
        device: Any = None, dtype: npt.DTypeLike | None = None,
    ) -> None:  # fmt: skip
        check_device(type(self).__name__, device)
        super().__init__()
        settings: Any = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias, device,
            dtype,
        )  # fmt: skip

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)

        self.encoder = custom_encoder or TransformerEncoder(
            TransformerEncoderLayer(*settings), num_encoder_layers, norm()
        )
        self.decoder = custom_decoder or TransformerDecoder(
            TransformerDecoderLayer(*settings), num_decoder_layers, norm()
        )
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def forward(
        self, src: Tensor, tgt: Tensor, src_mask: Tensor | None = None, tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None, memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None, tgt_is_causal: bool | None = None, memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        if not src.shape[-1:] == tgt.shape[-1:] == (self.d_model,):
            found = f"src {src.shape} and tgt {tgt.shape}"
            raise ValueError(f"Transformer(): {found} need d_model={self.d_model} features")
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)
        masks = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        y: Tensor = self.decoder(tgt, memory, *masks, tgt_is_causal, memory_is_causal)
        return y

    @staticmethod
    def generate_square_subsequent_mask(sz: int, dtype: npt.DTypeLike | None = None) -> Tensor:
        """The causal mask (sz, sz): 0 on and below the diagonal, −∞ above."""
        return Tensor(np.triu(np.full((sz, sz), -np.inf, dtype or np.float32), 1))
