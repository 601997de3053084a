"""Losses for the tests of `test_layers.py` and `test_loss_modules.py`: how to build one, and what to call it with."""

import numpy as np

rng = np.random.default_rng(0)
N, D = 5, 7
one, two, three = (rng.normal(size=(N, D)) for _ in range(3))
chance, other, positive = rng.uniform(0.1, 0.9, (N, D)), rng.uniform(0.1, 0.9, (N, D)), rng.uniform(0.5, 2, (N, D))
sign, signs = np.where(one[:, 0] > 0, 1.0, -1.0), np.where(two > 0, 1.0, -1.0)
classes = rng.integers(0, D, N)
log_p = np.log(rng.dirichlet(np.ones(D), (6, 2)))
spoken = log_p, np.array([[1, 2, 2], [5, 3, 0]]), np.array([6, 5]), np.array([3, 2])

MODULES = {
    "smooth l1": (lambda nn, w: nn.SmoothL1Loss(), one, two),
    "smooth l1 set": (lambda nn, w: nn.SmoothL1Loss(reduction="sum", beta=0.3), one, two),
    "huber": (lambda nn, w: nn.HuberLoss(), one, two),
    "huber set": (lambda nn, w: nn.HuberLoss("none", 0.3), one, two),
    "bce of probabilities": (lambda nn, w: nn.BCELoss(), chance, other),
    "bce of probabilities, weighted": (lambda nn, w: nn.BCELoss(w(D), reduction="sum"), chance, other),
    "soft margin": (lambda nn, w: nn.SoftMarginLoss(reduction="none"), one, signs),
    "kl": (lambda nn, w: nn.KLDivLoss(reduction="batchmean"), np.log(chance), other),
    "kl of logarithms": (lambda nn, w: nn.KLDivLoss(reduction="sum", log_target=True), np.log(chance), np.log(other)),
    "gaussian": (lambda nn, w: nn.GaussianNLLLoss(), one, two, positive),
    "gaussian, full": (lambda nn, w: nn.GaussianNLLLoss(full=True, eps=0.1, reduction="sum"), one, two, positive),
    "poisson": (lambda nn, w: nn.PoissonNLLLoss(), one, positive),
    "poisson of rates": (lambda nn, w: nn.PoissonNLLLoss(False, True, eps=0.1, reduction="sum"), positive, 2 * chance),
    "cosine embedding": (lambda nn, w: nn.CosineEmbeddingLoss(), one, two, sign),
    "cosine embedding set": (lambda nn, w: nn.CosineEmbeddingLoss(0.2, reduction="none"), one, two, sign),
    "hinge embedding": (lambda nn, w: nn.HingeEmbeddingLoss(), one, signs),
    "hinge embedding set": (lambda nn, w: nn.HingeEmbeddingLoss(0.2, reduction="sum"), one, signs),
    "margin ranking": (lambda nn, w: nn.MarginRankingLoss(), one, two, signs),
    "margin ranking set": (lambda nn, w: nn.MarginRankingLoss(0.2, reduction="sum"), one, two, signs),
    "triplet margin": (lambda nn, w: nn.TripletMarginLoss(), one, two, three),
    "triplet margin set": (lambda nn, w: nn.TripletMarginLoss(2.0, 1, 1e-3, True, reduction="none"), one, two, three),
    "multi margin": (lambda nn, w: nn.MultiMarginLoss(), one, classes),
    "multi margin set": (lambda nn, w: nn.MultiMarginLoss(2, 0.3, w(D), reduction="none"), one, classes),
    "ctc": (lambda nn, w: nn.CTCLoss(), *spoken),
    "ctc set": (lambda nn, w: nn.CTCLoss(6, "sum", True), *spoken),
    "cosine similarity": (lambda nn, w: nn.CosineSimilarity(), one, two),
    "cosine similarity set": (lambda nn, w: nn.CosineSimilarity(0, 1e-3), one, two),
    "pairwise distance": (lambda nn, w: nn.PairwiseDistance(), one, two),
    "pairwise distance set": (lambda nn, w: nn.PairwiseDistance(1, 1e-3, True), one, two),
}
