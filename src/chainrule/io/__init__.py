"""Models and the state of a training in files."""

from chainrule.io.npz import load_npz, save_npz
from chainrule.io.safetensors import load_file, save_file
from chainrule.io.tree import load_tree, save_tree
from chainrule.io.whole import write_whole

__all__ = ["load_file", "load_npz", "load_tree", "save_file", "save_npz", "save_tree", "write_whole"]
