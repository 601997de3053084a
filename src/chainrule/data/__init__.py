"""Data sets as plain arrays: read with care, checked against the official files, and found where people keep them.

One file a data set: `mnist.load` (60,000 and 10,000 digits, from a folder), `mnist.digits` (5,000 of them, built in).
"""

from chainrule.data import folders, mnist
from chainrule.data.idx import Images, read_idx, read_images
from chainrule.data.mnist import Split, digits, digits_split

__all__ = ["Images", "Split", "digits", "digits_split", "folders", "mnist", "read_idx", "read_images"]
