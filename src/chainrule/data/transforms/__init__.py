"""Transforms of batches of images: what is done to data on its way to the model, and augmentation.

    augment = Compose([RandomCrop(32, padding=4), RandomHorizontalFlip(), ToFloat(), Normalize(0.5, 0.25)])
    loader = DataLoader(TensorDataset(x, y), 128, shuffle=True, seed=1, transform=augment)

A transform is called with a batch of arrays and `Draws`, random numbers that belong to the samples: `augment(x, draws)`
with images x (N, C, H, W) of uint8, float32 or float64, or `augment([x, y], draws)`, whose first array are the images.
Without draws it takes fresh ones. It computes on the whole batch at once, returns new arrays and changes none. The
names are torchvision's where it has the like; every class says where it differs.
"""

from chainrule.data.transforms.color import ColorJitter
from chainrule.data.transforms.cropping import (
    AlternatingHorizontalFlip,
    RandomCrop,
    RandomHorizontalFlip,
    RandomVerticalFlip,
)
from chainrule.data.transforms.erasing import Cutout, RandomErasing
from chainrule.data.transforms.mixing import CutMix, MixUp
from chainrule.data.transforms.resizing import RandomResizedCrop, Resize
from chainrule.data.transforms.transform import Compose, Normalize, ToFloat, Transform
from chainrule.data.transforms.warping import RandomAffine, RandomRotation

__all__ = [
    "AlternatingHorizontalFlip",
    "ColorJitter",
    "Compose",
    "CutMix",
    "Cutout",
    "MixUp",
    "Normalize",
    "RandomAffine",
    "RandomCrop",
    "RandomErasing",
    "RandomHorizontalFlip",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomVerticalFlip",
    "Resize",
    "ToFloat",
    "Transform",
]
