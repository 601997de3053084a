"""Data: sets on disk as plain arrays, and the way from a data set to the batches that a model learns from.

The sets are read with care, checked against the official files, and found where people keep them. One file a data set:
`mnist.load` (60,000 and 10,000 digits, from a folder), `mnist.digits` (5,000 of them, built in), `fashion_mnist.load`,
`fashion_mnist.excerpt` (1,500 and 500, built in), `cifar10.load`, `dogs_vs_cats.load`, `imdb.load`, `glove.load`,
`tatoeba.load`, `shakespeare.load` (built in), `tiny_shakespeare.load`, `tweets.load`; `SOURCES` says where each comes
from, by name. `DataLoader`, its data sets and samplers are those of `torch.utils.data`. Texts become numbers by `words`
and `Vocabulary`, and batches by `padded_collate` and `BucketBatchSampler`, `Streams` or `Windows`.
"""

from typing import Any

from chainrule.data import (
    cifar10,
    dogs_vs_cats,
    fashion_mnist,
    folders,
    glove,
    imdb,
    mnist,
    shakespeare,
    tatoeba,
    tiny_shakespeare,
    tweets,
)
from chainrule.data.collate import default_collate, default_convert
from chainrule.data.content import read_text
from chainrule.data.dataset import ConcatDataset, Dataset, IterableDataset, Subset, TensorDataset, random_split
from chainrule.data.glove import Pretrained, Vectors, pretrained, read_vectors
from chainrule.data.idx import read_idx, read_images
from chainrule.data.images import HeldOut, Images, Split, read_image
from chainrule.data.loader import DataLoader, Engine
from chainrule.data.mnist import digits, digits_split
from chainrule.data.randomness import Draws
from chainrule.data.sampler import (
    BatchSampler,
    BucketBatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from chainrule.data.sequences import Streams, Windows, length_mask, padded, padded_collate
from chainrule.data.source import Source
from chainrule.data.texts import Pairs, Texts, read_lines, read_pairs, split_text
from chainrule.data.vocabulary import BOS, EOS, PAD, UNK, Vocabulary, characters, words

_MODULES = (mnist, fashion_mnist, cifar10, dogs_vs_cats, imdb, glove, tatoeba, shakespeare, tiny_shakespeare, tweets)
SOURCES: dict[str, Source[Any]] = {module.SOURCE.name: module.SOURCE for module in _MODULES}

__all__ = [
    "BOS",
    "EOS",
    "PAD",
    "SOURCES",
    "UNK",
    "BatchSampler",
    "BucketBatchSampler",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "Draws",
    "Engine",
    "HeldOut",
    "Images",
    "IterableDataset",
    "Pairs",
    "Pretrained",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Source",
    "Split",
    "Streams",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "Texts",
    "Vectors",
    "Vocabulary",
    "WeightedRandomSampler",
    "Windows",
    "characters",
    "cifar10",
    "default_collate",
    "default_convert",
    "digits",
    "digits_split",
    "dogs_vs_cats",
    "fashion_mnist",
    "folders",
    "glove",
    "imdb",
    "length_mask",
    "mnist",
    "padded",
    "padded_collate",
    "pretrained",
    "random_split",
    "read_idx",
    "read_image",
    "read_images",
    "read_lines",
    "read_pairs",
    "read_text",
    "read_vectors",
    "shakespeare",
    "split_text",
    "tatoeba",
    "tiny_shakespeare",
    "tweets",
    "words",
]
