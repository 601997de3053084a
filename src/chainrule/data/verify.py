"""Data sets verified: every file against the official sha256, every part against the official number of samples."""

from pathlib import Path
from typing import Any

from chainrule.data.content import sha256
from chainrule.data.source import Finding, Paths, Source


def verify(source: Source[Any], data: str | Path | None = None) -> list[Finding]:
    """Read everything, and tell of each file and part whether it is official. FileNotFoundError if it is nowhere."""
    paths = source.paths(data)
    files = [
        _file(source, name, official, path)
        for (name, official), path in zip(source.files.items(), paths, strict=True)
        if official
    ]
    return [*files, *_parts(source, paths)]


def _file(source: Source[Any], name: str, official: str, path: Path) -> Finding:
    try:
        found = sha256(path)
    except ValueError as error:
        return Finding(name, f"damaged: {error}", False)
    if found == official:
        return Finding(name, "the official file", True)
    difference = f"sha256 {found[:12]}… instead of {official[:12]}…"
    known = source.known.get(found)
    return Finding(name, f"not the official file: {known or 'damaged, or another'} ({difference})", False)


def _parts(source: Source[Any], paths: Paths) -> list[Finding]:
    try:
        sizes = source.sizes(source.read(paths))
        extra = source.inspect(paths)
    except ValueError as error:
        return [Finding("content", f"cannot be read: {error}", False)]
    counts = [
        Finding(part, f"{sizes[part]:,}" + ("" if right else f" instead of {official:,}"), right)
        for part, official in source.splits.items()
        for right in [sizes[part] == official]
    ]
    return [*counts, *extra]
