"""Layers as one writes them by hand, in plain NumPy. Check them:

    chainrule check examples/layers.py:ConvolutionalLayer --args 20,2,3,3 --input 4,2,8,8

`forward(x)` gives the output; `backward(delta)` takes the gradient of the loss with respect to that output and
returns the gradient with respect to x. The gradients of the parameters w and b are left in dw and db.
"""

# ruff: noqa: NPY002 (np.random.randn is what a student writes)

import numpy as np


class FullyConnectedLayer:
    """y = x w + b for a batch of rows."""

    def __init__(self, inputs, outputs):
        self.w = np.random.randn(inputs, outputs) / np.sqrt(inputs)
        self.b = np.zeros(outputs)

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, delta):
        self.dw = self.x.T @ delta
        self.db = delta.sum(axis=0)
        return delta @ self.w.T


class ConvolutionalLayer:
    """Slides `filters` kernels of height x width over images of `channels` channels; x is (N, C, H, W)."""

    def __init__(self, filters, channels, height, width):
        self.w = np.random.randn(filters, channels, height, width) / np.sqrt(channels * height * width)
        self.b = np.zeros(filters)

    def forward(self, x):
        self.x = x
        filters, _, kh, kw = self.w.shape
        n, _, h, w = x.shape
        y = np.zeros((n, filters, h - kh + 1, w - kw + 1))
        for i in range(y.shape[2]):
            for j in range(y.shape[3]):
                window = x[:, :, i : i + kh, j : j + kw]
                y[:, :, i, j] = np.tensordot(window, self.w, axes=([1, 2, 3], [1, 2, 3])) + self.b
        return y

    def backward(self, delta):
        kh, kw = self.w.shape[2:]
        dx = np.zeros_like(self.x)
        self.dw = np.zeros_like(self.w)
        self.db = delta.sum(axis=(0, 2, 3))
        for i in range(delta.shape[2]):
            for j in range(delta.shape[3]):
                window = self.x[:, :, i : i + kh, j : j + kw]
                self.dw += np.tensordot(delta[:, :, i, j], window, axes=(0, 0))
                dx[:, :, i : i + kh, j : j + kw] += np.tensordot(delta[:, :, i, j], self.w, axes=(1, 0))
        return dx


class MaxPool:
    """The greatest value of each size x size window; the gradient goes to where it was."""

    def __init__(self, size=2):
        self.size = size

    def forward(self, x):
        n, c, h, w = x.shape
        k = self.size
        self.windows = x.reshape(n, c, h // k, k, w // k, k)
        self.y = self.windows.max(axis=(3, 5), keepdims=True)
        return self.y[:, :, :, 0, :, 0]

    def backward(self, delta):
        n, c, h, k, w, _ = self.windows.shape
        mask = self.windows == self.y
        return (mask * delta[:, :, :, None, :, None]).reshape(n, c, h * k, w * k)


class ReLU:
    """max(x, 0)"""

    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, delta):
        return delta * (self.x > 0)
