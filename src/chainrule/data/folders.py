"""Where data sets are looked for, and what is said when they are not there."""

import os
from collections.abc import Sequence
from pathlib import Path

SYSTEM = Path("/usr/share/datasets")  # where Debian's packages dataset-… put theirs
SAMPLES = Path(__file__).with_name("samples")  # what is built in


def roots(data: str | Path | None = None) -> dict[str, Path]:
    """The folders to search, in order, each under the name by which a person knows it.

    A folder that was asked for (`data`, the command line's --data) is searched alone: if the files are not there,
    others that happen to lie elsewhere are not what was meant.
    """
    if data is not None:
        return {"the folder asked for": _path(data)}
    places = {"$CHAINRULE_DATA": _path(os.environ["CHAINRULE_DATA"])} if os.environ.get("CHAINRULE_DATA") else {}
    cache = _path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "chainrule"
    return {**places, "the user cache": cache, "system packages": SYSTEM}


def find(
    name: str, files: Sequence[str], data: str | Path | None = None, folder: str = "", hint: str = ""
) -> list[Path]:
    """The paths of a data set's files, all from one folder: ROOT/folder, or ROOT itself, of the first root with them.

    The folder is called as the data set if nothing else is said. Each file may be gzipped (.gz); a name that ends in
    "/" is a folder's. Errors: FileNotFoundError that says where was searched, what lacks there, and which files to put
    where; `hint` is its last line.
    """
    searched = []
    for place, root in roots(data).items():
        below = root / (folder or name)
        found = max((present(parent, files) for parent in (below, root)), key=len)
        if len(found) == len(files):
            return list(found.values())
        lacks = "lacks " + ", ".join(file for file in files if file not in found)
        searched.append(f"{place}, {root} or {below}: {lacks if root.is_dir() else 'no such folder'}")
    lines = [f"{name} was not found. Searched:", *searched]
    put = "Put these files there, as they are or gzipped (.gz), or name their folder with --data or $CHAINRULE_DATA:"
    raise FileNotFoundError("\n  ".join(lines) + "\n" + "\n  ".join([put, *files]) + (f"\n{hint}" if hint else ""))


def present(folder: Path, files: Sequence[str]) -> dict[str, Path]:
    """Those of the files that are in a folder: name -> path."""
    return {file: path for file in files if (path := _spelt(folder, file))}


def _spelt(folder: Path, file: str) -> Path | None:
    """The file under one of the names that archives give it: as it is, dotted (train-images.idx3-ubyte), or .gz."""
    if file.endswith("/"):
        return folder / file if (folder / file).is_dir() else None
    names = [spelling + end for spelling in (file, file.replace("-idx", ".idx")) for end in ("", ".gz")]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _path(text: str | Path) -> Path:
    return Path(os.path.expanduser(text))
