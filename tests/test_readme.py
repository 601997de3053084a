"""What the README shows is what a reader gets."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from chainrule import labs
from chainrule.data import SOURCES
from chainrule.ops import activation

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_the_example_learns(capsys):
    exec(compile(PYTHON[0], "README.md", "exec"), {})  # noqa: S102
    said = re.fullmatch(r"(\d+\.\d)% of the test digits are right\n", capsys.readouterr().out)
    assert said
    assert float(said[1]) > 93


def test_the_operator_shown_is_the_one_in_the_library():
    assert PYTHON[1].strip() in Path(str(activation.__file__)).read_text(encoding="utf-8")


def test_the_check_shown_prints_what_is_shown():
    shown = re.search(r"```text\n\$ (chainrule check .*?)\n(.*?)```", README, re.DOTALL)
    assert shown
    arguments = shlex.split(shown[1])[1:]
    command = [sys.executable, "-m", "chainrule", *arguments]
    environment = os.environ | {"COLUMNS": "80"}
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert _lines(shown[2]) == _lines(said.stdout)[: len(_lines(shown[2]))]


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


@pytest.mark.parametrize("name", labs.names())
def test_every_lab_is_in_the_table(name):
    assert f"| `{name}` |" in README


@pytest.mark.parametrize("name", SOURCES)
def test_every_data_set_is_in_the_table(name):
    assert f"`{name}`" in README


@pytest.mark.parametrize("path", re.findall(r"\]\(([\w./]+)\)", README))
def test_links_lead_somewhere(path):
    assert (ROOT / path).exists()
