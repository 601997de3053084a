"""Hand-written layers with one mistake each, and right ones in other styles than those of examples/layers.py."""

# ruff: noqa: NPY002 (np.random.randn is what a student writes)

import numpy as np
from layers import ConvolutionalLayer, FullyConnectedLayer, MaxPool, ReLU


class Dense(FullyConnectedLayer):
    """The right passes, in pieces that the wrong layers replace."""

    def backward(self, delta):
        self.dw, self.db = self.grad_w(delta), self.grad_b(delta)
        return self.grad_x(delta)

    def grad_w(self, delta):
        return self.x.T @ delta

    def grad_b(self, delta):
        return delta.sum(axis=0)

    def grad_x(self, delta):
        return delta @ self.w.T


class Conv(ConvolutionalLayer):
    def backward(self, delta):
        dx = super().backward(delta)
        self.dw, self.db = self.grad_w(delta), self.grad_b(delta)
        return self.grad_x(delta, dx)

    def grad_w(self, delta):
        return self.dw

    def grad_b(self, delta):
        return self.db

    def grad_x(self, delta, dx):
        return dx


# ------------------------------------------------------------------------------------------ dense, wrong


class DenseMeanW(Dense):
    def grad_w(self, delta):
        return self.x.T @ delta / len(delta)


class DenseMeanB(Dense):
    def grad_b(self, delta):
        return delta.mean(axis=0)


class DenseBatchBias(Dense):
    def grad_b(self, delta):
        return delta


class DenseBatchWeight(Dense):
    def grad_w(self, delta):
        return self.x[:, :, None] * delta[:, None, :]


class DenseTransposedShape(Dense):
    def grad_w(self, delta):
        return delta.T @ self.x


class DenseKeepdims(Dense):
    def grad_b(self, delta):
        return delta.sum(axis=0, keepdims=True)


class DenseSumAll(Dense):
    def grad_b(self, delta):
        return np.array(delta.sum())


class DenseWrongAxis(Dense):
    def grad_b(self, delta):
        return delta.sum(axis=1)


class DenseTransposedSquare(Dense):
    def grad_w(self, delta):
        return delta.T @ self.x


class DenseUntransposedW(Dense):
    def grad_x(self, delta):
        return delta @ self.w


class DenseSign(Dense):
    def grad_w(self, delta):
        return -self.x.T @ delta


class DenseTwice(Dense):
    def grad_x(self, delta):
        return 2 * (delta @ self.w.T)


class DenseHalf(Dense):
    def grad_w(self, delta):
        return 0.5 * self.x.T @ delta


class DenseLearningRate(Dense):
    def grad_w(self, delta):
        return 0.01 * self.x.T @ delta


class DenseLastSample(Dense):
    def grad_w(self, delta):
        for x, d in zip(self.x, delta, strict=True):
            dw = np.outer(x, d)
        return dw


class DenseFirstSample(Dense):
    def grad_b(self, delta):
        return delta[0]


class DenseZero(Dense):
    def grad_w(self, delta):
        return np.zeros_like(self.w)


class DenseWeightDecay(Dense):
    def grad_w(self, delta):
        return self.x.T @ delta + 0.5 * self.w


class DenseShuffled(Dense):
    def grad_x(self, delta):
        return (delta @ self.w.T).T.reshape(self.x.shape)


class DenseShifted(Dense):
    def grad_w(self, delta):
        return np.roll(self.x.T @ delta, 1, axis=0)


class DenseLeftOut(Dense):
    def grad_w(self, delta):
        dw = np.zeros_like(self.w)
        for i in range(self.w.shape[0] - 1):
            dw[i] = self.x[:, i] @ delta
        return dw


class DenseNonsense(Dense):
    def grad_w(self, delta):
        return self.x.T @ delta + 0.1 * np.arange(self.w.size).reshape(self.w.shape)


class DenseOneEntry(Dense):
    def grad_w(self, delta):
        dw = self.x.T @ delta
        dw[1, 2] += 0.01
        return dw


# ------------------------------------------------------------------------------------------ convolution, wrong


class ConvFlippedKernel(Conv):
    """dx with the kernel as it is, where it must be rotated."""

    def grad_x(self, delta, dx):
        _, _, kh, kw = self.w.shape
        padded = np.pad(delta, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
        for i in range(dx.shape[2]):
            for j in range(dx.shape[3]):
                dx[:, :, i, j] = np.tensordot(padded[:, :, i : i + kh, j : j + kw], self.w, axes=([1, 2, 3], [0, 2, 3]))
        return dx


class ConvFlippedGradient(Conv):
    def grad_w(self, delta):
        return self.dw[:, :, ::-1, ::-1]


class ConvOverwrites(Conv):
    def grad_x(self, delta, dx):
        kh, kw = self.w.shape[2:]
        for i in range(delta.shape[2]):
            for j in range(delta.shape[3]):
                dx[:, :, i : i + kh, j : j + kw] = np.tensordot(delta[:, :, i, j], self.w, axes=(1, 0))
        return dx


class ConvBiasNoPositions(Conv):
    def grad_b(self, delta):
        return delta.sum(axis=0)


class ConvBiasOnePosition(Conv):
    def grad_b(self, delta):
        return delta[:, :, 0, 0].sum(axis=0)


class ConvBiasMeanPositions(Conv):
    def grad_b(self, delta):
        return delta.mean(axis=(2, 3)).sum(axis=0)


class ConvLastSample(Conv):
    def grad_w(self, delta):
        kh, kw = self.w.shape[2:]
        dw = np.zeros_like(self.w)
        for i in range(delta.shape[2]):
            for j in range(delta.shape[3]):
                dw += np.tensordot(delta[-1:, :, i, j], self.x[-1:, :, i : i + kh, j : j + kw], axes=(0, 0))
        return dw


class ConvTransposedKernel(Conv):
    def grad_w(self, delta):
        return self.dw.transpose(0, 1, 3, 2)


# ------------------------------------------------------------------------------------------ activations, pooling


class ReLUNoMask(ReLU):
    def backward(self, delta):
        return delta


class ReLUNoDelta(ReLU):
    def backward(self, delta):
        return (self.x > 0) * 1.0


class ReLUWrongSide(ReLU):
    def backward(self, delta):
        return delta * (self.x < 0)


class Sigmoid:
    def forward(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y

    def backward(self, delta):
        return delta * self.y * (1 - self.y)


class SigmoidOfOutput(Sigmoid):
    def backward(self, delta):
        s = 1 / (1 + np.exp(-self.y))
        return delta * s * (1 - s)


class SigmoidOfInput(Sigmoid):
    def forward(self, x):
        self.x = x
        return super().forward(x)

    def backward(self, delta):
        return delta * self.x * (1 - self.x)


class TanhUnsquared:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, delta):
        return delta * (1 - self.y)


class Softmax:
    def forward(self, x):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        self.y = e / e.sum(axis=-1, keepdims=True)
        return self.y

    def backward(self, delta):
        return self.y * (delta - (delta * self.y).sum(axis=-1, keepdims=True))


class SoftmaxDiagonal(Softmax):
    def backward(self, delta):
        return delta * self.y * (1 - self.y)


class MaxPoolSpread(MaxPool):
    def backward(self, delta):
        return delta.repeat(self.size, axis=2).repeat(self.size, axis=3) / self.size**2


class MaxPoolEverywhere(MaxPool):
    def backward(self, delta):
        return delta.repeat(self.size, axis=2).repeat(self.size, axis=3)


class AveragePoolForgotten:
    def forward(self, x):
        n, c, h, w = x.shape
        return x.reshape(n, c, h // 2, 2, w // 2, 2).mean(axis=(3, 5))

    def backward(self, delta):
        return delta.repeat(2, axis=2).repeat(2, axis=3)


# ------------------------------------------------------------------------------------------ embedding, losses


class Embedding:
    def __init__(self, words, size):
        self.table = np.random.randn(words, size)

    def forward(self, indices):
        self.indices = indices
        return self.table[indices]

    def backward(self, delta):
        self.dtable = np.zeros_like(self.table)
        np.add.at(self.dtable, self.indices, delta)


class EmbeddingCountsOnce(Embedding):
    def backward(self, delta):
        self.dtable = np.zeros_like(self.table)
        self.dtable[self.indices] += delta


class SoftmaxLoss:
    """The mean cross-entropy of softmax(x), for labels t."""

    def forward(self, x, t):
        self.t = t
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return -np.log(self.p[np.arange(len(t)), t]).mean()

    def backward(self):
        return (self.p - np.eye(self.p.shape[1])[self.t]) / len(self.t)


class SoftmaxLossNoMean(SoftmaxLoss):
    def backward(self):
        return self.p - np.eye(self.p.shape[1])[self.t]


# ------------------------------------------------------------------------------------------ rules before the numbers


class Raises(Dense):
    def grad_w(self, delta):
        return self.x @ delta


class ReturnsNone(Dense):
    def backward(self, delta):
        self.dx = delta @ self.w.T
        self.dw, self.db = self.grad_w(delta), self.grad_b(delta)


class ForwardReturnsNone(Dense):
    def forward(self, x):
        self.x = x


class ReturnsList(ReLU):
    def forward(self, x):
        return super().forward(x).tolist()


class WrongShapeX(Dense):
    def grad_x(self, delta):
        return (delta @ self.w.T).T


class Casts(Dense):
    def forward(self, x):
        return super().forward(x.astype(np.float32).astype(np.float64))


class CastsGradient(Dense):
    def grad_w(self, delta):
        return super().grad_w(delta).astype(np.float32)


class CastsOutput(ReLU):
    def forward(self, x):
        return super().forward(x).astype(np.float32)


class NotANumber(ReLU):
    def backward(self, delta):
        return np.where(self.x > 0, delta, np.nan)


class Dropout:
    def forward(self, x):
        self.mask = np.random.rand(*x.shape) > 0.5
        return x * self.mask

    def backward(self, delta):
        return delta * self.mask


class Accumulates(Dense):
    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.dw = np.zeros_like(self.w)

    def backward(self, delta):
        self.dw += self.grad_w(delta)
        self.db = self.grad_b(delta)
        return self.grad_x(delta)


class AccumulatesAndClears(Accumulates):
    def zero_grad(self):
        self.dw[...] = 0


class ChangesInput(ReLU):
    def forward(self, x):
        self.x = x.copy()
        x[x < 0] = 0
        return x


class ChangesDelta(ReLU):
    def backward(self, delta):
        delta[self.x <= 0] = 0
        return delta


class Updates(Dense):
    def backward(self, delta):
        dx = super().backward(delta)
        self.w -= 0.1 * self.dw
        return dx


class UpdatesWithRate(FullyConnectedLayer):
    def backward(self, delta, learning_rate):
        dx = delta @ self.w.T
        self.w = self.w - learning_rate * self.x.T @ delta
        self.b = self.b - learning_rate * delta.sum(axis=0)
        return dx


class GradientMissing(Dense):
    def backward(self, delta):
        self.change = self.grad_w(delta)
        self.db = self.grad_b(delta)
        return self.grad_x(delta)


class Clips(Dense):
    def grad_x(self, delta):
        dx = super().grad_x(delta)
        return dx if np.abs(dx).max() < 4 else 4 * dx / np.abs(dx).max()


# ------------------------------------------------------------------------------------------ right, in other styles


class ReturnsTuple:
    """Samples as columns, gradients returned, names of another school."""

    def __init__(self, inputs, outputs):
        self.weights = np.random.randn(outputs, inputs).astype(np.float32)
        self.biases = np.zeros((outputs, 1), np.float32)

    def forward(self, x):
        self.cache = x
        return self.weights @ x + self.biases

    def backward(self, grad):
        return self.weights.T @ grad, grad.sum(axis=1, keepdims=True), grad @ self.cache.T


class InLists:
    """Parameters and gradients in lists that share the attributes' arrays."""

    def __init__(self, inputs, outputs):
        self.W = np.random.randn(inputs, outputs)
        self.b = np.zeros(outputs)
        self.params = [self.W, self.b]
        self.grads = [np.zeros_like(self.W), np.zeros_like(self.b)]

    def forward(self, x):
        self.x = x
        return x @ self.params[0] + self.params[1]

    def backward(self, dout):
        self.grads[0][...] = self.x.T @ dout
        self.grads[1][...] = dout.sum(axis=0)
        return dout @ self.W.T


class InDicts:
    def __init__(self, inputs, outputs):
        self.params = {"W": np.random.randn(inputs, outputs), "b": np.zeros(outputs)}
        self.grads = {}

    def forward(self, x):
        self.x = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, dout):
        self.grads = {"W": self.x.T @ dout, "b": dout.sum(axis=0)}
        return dout @ self.params["W"].T


class OddNames:
    def __init__(self, inputs, outputs):
        self.matrix = np.random.randn(inputs, outputs)

    def forward(self, x):
        self.x = x
        return x @ self.matrix

    def backward(self, delta):
        self.change = self.x.T @ delta
        return delta @ self.matrix.T


class OneSample:
    """A layer without a batch axis."""

    def __init__(self, inputs, outputs):
        self.w = np.random.randn(outputs, inputs)
        self.b = np.random.randn(outputs)

    def forward(self, x):
        if x.ndim != 1:
            raise ValueError("one sample at a time")
        self.x = x
        return self.w @ x + self.b

    def backward(self, delta):
        self.dw = np.outer(delta, self.x)
        self.db = delta.copy()
        return self.w.T @ delta


class ReusesBuffers(Dense):
    """Writes its output and gradients into arrays that it keeps."""

    def __init__(self, inputs, outputs):
        super().__init__(inputs, outputs)
        self.out = np.zeros((3, outputs))
        self.dw = np.zeros_like(self.w)
        self.dx = np.zeros((3, inputs))

    def forward(self, x):
        self.out[...] = super().forward(x)
        return self.out

    def backward(self, delta):
        self.dw[...] = self.grad_w(delta)
        self.db = self.grad_b(delta)
        self.dx[...] = self.grad_x(delta)
        return self.dx


class Block:
    """Two layers in one."""

    def __init__(self, inputs, outputs):
        self.dense, self.relu = Dense(inputs, outputs), ReLU()

    def forward(self, x):
        return self.relu.forward(self.dense.forward(x))

    def backward(self, delta):
        return self.dense.backward(self.relu.backward(delta))


class BatchNorm:
    def __init__(self, size):
        self.gamma, self.beta, self.running_mean = np.ones(size), np.zeros(size), np.zeros(size)

    def forward(self, x):
        mean, var = x.mean(axis=0), x.var(axis=0)
        self.running_mean = 0.9 * self.running_mean + 0.1 * mean
        self.deviation = np.sqrt(var + 1e-5)
        self.normal = (x - mean) / self.deviation
        return self.gamma * self.normal + self.beta

    def backward(self, dout):
        self.dgamma, self.dbeta = (dout * self.normal).sum(axis=0), dout.sum(axis=0)
        d = dout * self.gamma
        return (d - d.mean(axis=0) - self.normal * (d * self.normal).mean(axis=0)) / self.deviation
