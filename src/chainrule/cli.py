"""The command line: chainrule list | show | run | runs | compare | predict | sample | check | data | doctor | bench.

Every command imports what it needs when it is called, so that `chainrule --help` answers at once. A command's exit
status is 0 where all was as expected, 1 where it was not, 2 for a mistake in what was asked for, 130 after Ctrl-C.
"""

import difflib
import inspect
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from chainrule.labs import Lab, LabSettings

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line, by default this process's; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if not words or words[0] in ("-h", "--help", "help"):
            return _help(2 if not words else 0)
        if words[0] == "--version":
            return _version()
        command = COMMANDS.get(words[0])
        return command(words[1:]) if command else _unknown(words[0])
    except KeyboardInterrupt:
        return _complain("interrupted", 130)


def _list(words: list[str]) -> int:
    """The labs by topic: where they come from, on what data, how long they take, and what is expected of them."""
    from chainrule import labs

    if words:
        return _complain(f"'chainrule list' takes no arguments, but got: {' '.join(words)}")
    table = Table(box=None, padding=(0, 2, 1, 0))
    table.add_column("lab", no_wrap=True)  # a name that can be copied
    for column in ("source", "data", "time", "expected"):
        table.add_column(column)
    for topic, group in labs.by_topic().items():
        if group:
            table.add_row(f"[dim italic]{topic}[/]")
        for name, lab in group.items():
            main_one = lab.expected(lab.settings())[0]
            table.add_row(f"[bold]{name}[/]", lab.source, lab.data, lab.time, f"{main_one.name} {main_one}")
    console = Console()
    console.print(table)
    console.print("'chainrule show LAB' prints the exercise, 'chainrule run LAB' does it.", highlight=False)
    return 0


def _reflowed(paragraph: str) -> str:
    """Without the line breaks of the source, save between the items of a list; what is indented stays as it is."""
    if paragraph.startswith("    "):
        return paragraph
    items = re.split(r"\n(?=\s*(?:-|\d+\.) )", paragraph)
    return "\n".join(" ".join(item.split()) for item in items)


def _show(words: list[str]) -> int:
    """The exercise that a lab does, and what is expected of it: `chainrule show LAB`."""
    from chainrule import labs

    if len(words) != 1 or words[0].startswith("-"):
        return _usage("chainrule show LAB", words, labs.names())
    try:
        lab = labs.load(words[0])
    except labs.UsageError as mistake:
        return _complain(str(mistake))
    console = Console(highlight=False)
    title, _, exercise = inspect.cleandoc(lab.exercise).partition("\n")
    console.print(f"[bold]{escape(title)}[/]\n[dim]{escape(lab.source)} · {escape(lab.data)}[/]\n")
    for paragraph in re.split(r"\n\s*\n", exercise.strip()):
        console.print(_reflowed(paragraph), markup=False, end="\n\n")
    for preset in lab.preset_names():
        option = f" --preset {preset}" if preset in lab.presets else ""
        console.print(f"[bold]chainrule run {words[0]}{option}[/] expects")
        for e in lab.expected(lab.preset(preset)):
            console.print(f"  {e.name} {e}" + f"   ({e.source})" * bool(e.source), markup=False)
    return 0


def _run(words: list[str]) -> int:
    """Run a lab: `chainrule run LAB [settings]`, or all of them: `chainrule run --all [--quick]`."""
    import tyro

    from chainrule import labs

    if "--all" in words:
        rest = [word for word in words if word != "--all"]
        flags = (tyro.conf.FlagCreatePairsOff,)
        return labs.run_all(tyro.cli(labs.All, prog="chainrule run --all", args=rest, config=flags), Console())
    if not words or words[0].startswith("-"):
        return _usage("chainrule run LAB [settings]\n       chainrule run --all [--quick]", words, labs.names())
    try:
        lab = labs.load(words[0])
        return labs.carry_out(words[0], lab, _settings(words[0], lab, words[1:]), Console())
    except labs.UsageError as mistake:
        return _complain(str(mistake))


def _settings(name: str, lab: "Lab", words: list[str]) -> "LabSettings":
    """What the words ask for; of all else, what the preset says that they name, or the run that they go on with."""
    import tyro

    from chainrule import labs

    run = _value("--resume", words) if hasattr(lab.settings, "resume") else None
    preset = _value("--preset", words) or lab.settings().preset
    defaults = labs.read_settings(name, lab, Path(run)) if run else lab.preset(preset)
    settings = tyro.cli(
        lab.settings,
        prog=f"chainrule run {name}",
        description=f"{lab.title}. Presets: {', '.join(lab.preset_names())}.",
        args=words,
        default=defaults,
        config=() if run else (tyro.conf.FlagCreatePairsOff,),  # what a run had may be asked for again
    )
    return labs.resumed(name, lab, settings)


def _value(option: str, words: list[str]) -> str | None:
    """What stands behind an option that decides the defaults of all others."""
    for i, word in enumerate(words):
        if word.partition("=")[0] == option:
            return word.partition("=")[2] or next(iter(words[i + 1 :]), None)
    return None


def _usage(form: str, words: list[str], names: list[str]) -> int:
    """How a command is called, and the labs that it takes; 0 if that was asked for, 2 if the call was wrong."""
    asked = words[:1] in (["-h"], ["--help"])
    Console(stderr=not asked).print(f"usage: {escape(form)}\n\nlabs: {', '.join(names)}", highlight=False)
    return 0 if asked else 2


def _check(words: list[str]) -> int:
    """Check the gradients of a layer that somebody wrote: `chainrule check layers.py:MyLayer`.

    Or hold this library against PyTorch: `chainrule check --conformance`.
    """
    import tyro

    if "--conformance" in words:
        from chainrule.conformance import command

        words.remove("--conformance")
        return command.main(tyro.cli(command.Settings, prog="chainrule check --conformance", args=words))
    from chainrule.check.command import Settings, main

    return main(tyro.cli(Settings, prog="chainrule check", args=words))


def _runs(words: list[str]) -> int:
    """The runs in a folder: when they began, how far they are, what held."""
    import tyro

    from chainrule import runs

    return runs.list_runs(tyro.cli(runs.List, prog="chainrule runs", args=words), Console())


def _predict(words: list[str]) -> int:
    """What a run's model says of pictures or lines of text: `chainrule predict RUN FILE ...`."""
    import tyro

    from chainrule import labs

    try:
        return labs.predict(tyro.cli(labs.Predict, prog="chainrule predict", args=words), Console())
    except labs.UsageError as mistake:
        return _complain(str(mistake))


def _sample(words: list[str]) -> int:
    """What a run's model writes: `chainrule sample RUN --prompt "KING:" --temperature 0.8`."""
    import tyro

    from chainrule import labs

    try:
        return labs.sample(tyro.cli(labs.Sample, prog="chainrule sample", args=words), Console())
    except labs.UsageError as mistake:
        return _complain(str(mistake))


def _compare(words: list[str]) -> int:
    """Runs side by side on one page: `chainrule compare RUN RUN ...`."""
    import tyro

    from chainrule import runs

    return runs.compare(tyro.cli(runs.Compare, prog="chainrule compare", args=words), Console())


def _data(words: list[str]) -> int:
    """The data sets: `chainrule data list`, or fetch, verify or show one of them."""
    from chainrule.data.command import main

    return main(words)


def _doctor(words: list[str]) -> int:
    """What this installation runs on: kernels, instruction set, threads, versions, data folders."""
    from chainrule.doctor import main

    if words:
        return _complain(f"'chainrule doctor' takes no arguments, but got: {' '.join(words)}")
    return main()


def _bench(words: list[str]) -> int:
    """Measure speed: training steps and more, against PyTorch and JAX where they are installed."""
    from chainrule.bench.command import main

    return main(words)


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "list": _list,
    "show": _show,
    "run": _run,
    "runs": _runs,
    "compare": _compare,
    "predict": _predict,
    "sample": _sample,
    "check": _check,
    "data": _data,
    "doctor": _doctor,
    "bench": _bench,
}


def _help(status: int) -> int:
    table = Table(box=None, show_header=False, padding=(0, 2))
    for name, command in COMMANDS.items():
        table.add_row(f"[bold]{name}[/]", escape(str(command.__doc__)))
    console = Console(stderr=status != 0)
    console.print("usage: chainrule COMMAND ...\n\nA deep-learning library to read, to check and to run fast.\n")
    console.print(table)
    console.print("\n'chainrule COMMAND --help' tells more about a command.", highlight=False)
    return status


def _version() -> int:
    import chainrule

    Console().print(f"chainrule {chainrule.__version__}", highlight=False)
    return 0


def _unknown(word: str) -> int:
    from chainrule import labs

    near = difflib.get_close_matches(word, [*COMMANDS, *labs.names()], n=1)
    meant = near[0] if near and near[0] in COMMANDS else f"run {near[0]}" if near else ""
    hint = f"Did you mean: chainrule {meant}" if meant else f"There are: {', '.join(COMMANDS)}"
    return _complain(f"there is no command '{word}'. {hint}")


def _complain(message: str, status: int = 2) -> int:
    Console(stderr=True).print(f"[bold red]chainrule:[/] {escape(message)}", highlight=False, soft_wrap=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
