"""Settings of an earlier run, read from its folder, to go on with it."""

from __future__ import annotations

import dataclasses
import json
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from ._lab import Lab, LabSettings, UsageError

__all__ = ["earlier", "is_run", "lab_of", "read_settings", "resumed"]

OWN = ("resume", "checkpoint_every", "tensorboard")
"""Settings that a resumed run may have of its own: they do not change what is computed."""


def resumed(name: str, lab: Lab, settings: LabSettings) -> LabSettings:
    """The settings of the run that `--resume` names, in its folder; as they are where nothing is to be resumed.

    Raises UsageError if there is no such run, if it is of another lab, or if other settings are asked for than it had.
    """
    folder: Path | None = getattr(settings, "resume", None)
    if folder is None:
        return settings
    saved = read_settings(name, lab, folder)
    for field in dataclasses.fields(settings):
        asked, had = getattr(settings, field.name), getattr(saved, field.name)
        if field.name not in OWN and asked not in ((had, folder) if field.name == "out" else (had,)):
            option = "--" + field.name.replace("_", "-")
            raise UsageError(
                f"--resume {folder} goes on with that run's settings: {option} is {had} there, not {asked}"
            )
    return dataclasses.replace(settings, out=folder)


class Earlier(NamedTuple):
    """What a run has behind it: when it began, the seconds that it took until now, whether it came to its end."""

    started: datetime
    seconds: float
    finished: bool


def earlier(settings: LabSettings) -> Earlier:
    """What results.json tells of the run that `--resume` names; a run that begins now, if there is none to tell."""
    folder: Path | None = getattr(settings, "resume", None)
    if folder is not None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            told = json.loads((folder / "results.json").read_text(encoding="utf-8"))
            started = datetime.fromisoformat(told["started"])
            return Earlier(started, float(told["seconds"]), told["state"] == "finished")
    return Earlier(datetime.now().astimezone(), 0.0, False)


def is_run(folder: Path) -> bool:
    """Whether a run has been begun in the folder: its config.json names a lab."""
    try:
        return bool(lab_of(folder))
    except UsageError:
        return False


def lab_of(folder: Path) -> str:
    """The name of the lab that a run is of. Raises UsageError if the folder is no run."""
    return str(_config(folder)["lab"])


def read_settings(name: str, lab: Lab, folder: Path) -> Any:
    """What config.json in a run's folder says, as settings of the lab. Raises UsageError if it does not say it."""
    config = _config(folder)
    if config["lab"] != name:
        raise UsageError(f"{folder} is a run of the lab {config['lab']}, not of {name}")
    try:
        return lab.settings(**{f.name: _typed(f, config[f.name]) for f in dataclasses.fields(lab.settings)})
    except (ValueError, KeyError, TypeError) as problem:
        raise UsageError(f"{folder / 'config.json'} cannot be read: {problem}") from problem


def _config(folder: Path) -> dict[str, Any]:
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(config, dict) and "lab" in config:
            return config
    except FileNotFoundError:
        raise UsageError(f"{folder} is no run: it has no config.json") from None
    except (OSError, ValueError) as problem:
        raise UsageError(f"{path} cannot be read: {problem}") from problem
    raise UsageError(f"{path} does not say which lab the run is of")


def _typed(field: dataclasses.Field[Any], value: Any) -> Any:
    """JSON has neither paths nor tuples."""
    if isinstance(value, str) and "Path" in str(field.type):
        return Path(value)
    return tuple(value) if isinstance(value, list) else value
