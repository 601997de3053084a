"""Data: sets on disk as plain arrays, and the way from a data set to the batches that a model learns from.

The sets are read with care, checked against the official files, and found where people keep them. One file a data set:
`mnist.load` (60,000 and 10,000 digits, from a folder), `mnist.digits` (5,000 of them, built in). `DataLoader`, its data
sets and samplers are those of `torch.utils.data`.
"""

from chainrule.data import folders, mnist
from chainrule.data.collate import default_collate, default_convert
from chainrule.data.dataset import ConcatDataset, Dataset, IterableDataset, Subset, TensorDataset, random_split
from chainrule.data.idx import Images, read_idx, read_images
from chainrule.data.loader import DataLoader, Engine
from chainrule.data.mnist import Split, digits, digits_split
from chainrule.data.randomness import Draws
from chainrule.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

__all__ = [
    "BatchSampler",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "Draws",
    "Engine",
    "Images",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Split",
    "Subset",
    "SubsetRandomSampler",
    "TensorDataset",
    "WeightedRandomSampler",
    "default_collate",
    "default_convert",
    "digits",
    "digits_split",
    "folders",
    "mnist",
    "random_split",
    "read_idx",
    "read_images",
]
