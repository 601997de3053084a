"""Layers with one mistake each, of the kind that everyone makes once. Let the gradient check find them:

    chainrule check examples/wrong_layers.py:Dense --args 5,4

Each differs from a right layer (most from one of layers.py) in its backward pass alone.
"""

import numpy as np
from layers import ConvolutionalLayer, FullyConnectedLayer, MaxPool, ReLU


class Dense(FullyConnectedLayer):
    def backward(self, delta):
        self.dw = self.x.T @ delta / len(delta)
        self.db = delta.sum(axis=0)
        return delta @ self.w.T


class Convolution(ConvolutionalLayer):
    def backward(self, delta):
        kh, kw = self.w.shape[2:]
        dx = np.zeros_like(self.x)
        self.dw = np.zeros_like(self.w)
        self.db = delta.sum(axis=(0, 2, 3))
        for i in range(delta.shape[2]):
            for j in range(delta.shape[3]):
                window = self.x[:, :, i : i + kh, j : j + kw]
                self.dw += np.tensordot(delta[:, :, i, j], window, axes=(0, 0))
                dx[:, :, i : i + kh, j : j + kw] = np.tensordot(delta[:, :, i, j], self.w, axes=(1, 0))
        return dx


class Pooling(MaxPool):
    def backward(self, delta):
        k = self.size
        return delta.repeat(k, axis=2).repeat(k, axis=3) / (k * k)


class Rectifier(ReLU):
    def backward(self, delta):
        return delta


class Sigmoid:
    def forward(self, x):
        self.x = x
        return 1 / (1 + np.exp(-x))

    def backward(self, delta):
        return delta * self.x * (1 - self.x)


class Impatient(FullyConnectedLayer):
    def backward(self, delta):
        self.dw = self.x.T @ delta
        self.db = delta.sum(axis=0)
        dx = delta @ self.w.T
        self.w -= 0.1 * self.dw
        self.b -= 0.1 * self.db
        return dx
