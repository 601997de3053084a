"""`chainrule check` as it is typed: what it reads, what it prints, how it exits."""

from pathlib import Path

import pytest
import tyro

from chainrule.check import CannotCheck
from chainrule.check.command import Settings, main
from chainrule.check.hand_written import HandWritten
from chainrule.check.load import arguments, array, load_class, pairs, shape
from chainrule.conformance import command as conformance

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
LAYERS, WRONG = EXAMPLES / "layers.py", EXAMPLES / "wrong_layers.py"
STUDENT = Path(__file__).parent / "student_layers.py"
BACKWARD = "    def backward(self, delta):\n        return delta\n"


@pytest.fixture
def run(capsys, monkeypatch):
    """Run the command as typed; returns exit status, output and errors."""
    monkeypatch.setenv("COLUMNS", "100")

    def typed(*words):
        status = main(tyro.cli(Settings, args=[str(word) for word in words]))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return typed


@pytest.fixture
def written(tmp_path):
    """Write a student's file."""

    def write(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def test_the_command_of_the_readme(run):
    given = ("--args", "20,2,3,3", "--input", "4,2,8,8", "--params", "w:dw,b:db")
    status, out, err = run(f"{LAYERS}:ConvolutionalLayer", *given)
    assert status == 0
    assert out.startswith("ConvolutionalLayer(20, 2, 3, 3) on x (4, 2, 8, 8)")
    assert "PASSED  greatest relative error" in out
    assert "|a - n| / max(|a| + |n|, tiny) <= 1e-06" in out
    assert "all 892 coordinates" in out
    assert err == ""


def test_a_wrong_layer(run):
    status, out, _ = run(f"{WRONG}:Dense", "--args", "5,4")
    assert status == 1
    assert "FAILED  wrong value: dw is wrong at 20 of 20 coordinates. Right: dx, db." in out
    assert "3 is the batch size" in out
    assert "dw = x.T @ delta" in out


@pytest.mark.parametrize("columns", ["60", "80", "140"])
@pytest.mark.parametrize("layer", ["Dense", "Convolution", "Impatient"])
def test_it_fits_the_width(run, monkeypatch, columns, layer):
    monkeypatch.setenv("COLUMNS", columns)
    _, out, _ = run(f"{WRONG}:{layer}", "--args", "20,2,3,3" if layer == "Convolution" else "5,4")
    assert max(len(line) for line in out.splitlines()) <= int(columns)
    assert out.isascii()


def test_the_same_command_prints_the_same(run):
    words = (f"{STUDENT}:DenseLastSample", "--args", "5,4")
    assert run(*words) == run(*words)
    assert run(*words)[1] != run(*words, "--seed", "1")[1]


def test_other_settings_reach_the_check(run):
    assert run(f"{WRONG}:Dense", "--args", "5,4", "--tol", "0.6")[0] == 0
    assert "h = 1e-05" in run(f"{LAYERS}:ReLU", "--eps", "1e-5")[1]
    assert "65 of the 144" in run(f"{LAYERS}:ReLU", "--input", "12x12", "--limit", "100")[1]
    assert run(f"{STUDENT}:Dropout", "--reseed")[0] == 0
    assert run(f"{STUDENT}:SoftmaxLoss", "--extra", "[0,2,1]", "--input", "3,4")[0] == 0


# ------------------------------------------------------------------------------------------ mistyped, or a bad file


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nowhere.py:ReLU"], "there is no file nowhere.py"),
        ([EXAMPLES / "layer.py"], "did you mean " + str(LAYERS)),
        ([f"{LAYERS}:Relu"], f"has no class Relu; did you mean {LAYERS}:ReLU?"),
        ([f"{LAYERS}:Softmax"], "Its layers: FullyConnectedLayer, ConvolutionalLayer, MaxPool, ReLU."),
        ([LAYERS], "has 4 layers; name one:"),
        ([EXAMPLES], "there is no file"),
        ([f"{LAYERS}:ConvolutionalLayer"], "does not fit ConvolutionalLayer(filters, channels, height, width)"),
        ([f"{LAYERS}:ReLU", "--args", "3,,"], "--args 3,,: give them as in a call"),
        ([f"{LAYERS}:ReLU", "--input", "3,a"], "--input 3,a: give the shape of x as positive whole numbers"),
        ([f"{LAYERS}:ReLU", "--input", "0,2"], "positive whole numbers"),
        ([f"{LAYERS}:ReLU", "--params", "w"], "--params w: give parameter:gradient pairs"),
        ([f"{LAYERS}:FullyConnectedLayer", "--args", "5,4", "--params", "v:dv"], "there is no array 'v'"),
        ([f"{LAYERS}:ReLU", "--tol", "-1"], "tol must lie between 0 and 1"),
        ([f"{LAYERS}:ReLU", "--seed", "-1"], "seed must lie between 0 and 4294967295, not -1"),
        ([f"{LAYERS}:ReLU", "--seed", "5000000000"], "seed must lie between 0 and 4294967295"),
        ([f"{LAYERS}:ReLU", "--input", "100000,4000000"], "so large an input cannot be checked"),
        ([f"{LAYERS}:ReLU", "--input", "10000000000,10000000000"], "so large an input cannot be checked"),
        ([f"{LAYERS}:ReLU", "--input", "1" + 70 * ",1"], "so large an input cannot be checked"),
        ([f"{WRONG}:Dense", "--args", "4,3", "--eps", "1e-300"], "eps must lie between 1e-12 and 1, not 1e-300"),
    ],
)
def test_what_cannot_be_checked_is_told_plainly(run, words, says):
    status, out, err = run(*words)
    assert status == 2
    assert out == ""
    assert says in " ".join(err.split()).replace("- ", "-") or says in err.replace("\n", "")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("class A:\n    def forward(self, x)\n        return x\n", "line 2: def forward(self, x)"),
        ("import numpy as np\nnp.zeros(3)[5]\n", "mine.py, line 2, in <module>: np.zeros(3)[5]"),
        ("import sys\nsys.exit(3)\n", "ends the program"),
        ("x = 1\n", "no class at all"),
        ("class Model:\n    pass\n", "its classes are Model"),
        ("import nothing_of_this_name\n", "No module named 'nothing_of_this_name'"),
    ],
)
def test_a_file_that_cannot_be_loaded(run, written, text, says):
    status, _, err = run(written(text))
    assert status == 2
    assert says in " ".join(err.split())
    assert "chainrule" not in err


def test_a_wrong_gradient_does_not_hide_beside_the_edge_of_a_domain(run, written):
    path = written(
        "import numpy as np\nclass Power:\n    def __init__(self):\n        self.w = np.array([0.0, 1.0, 2.0])\n"
        "    def forward(self, x):\n        self.x = x\n        return x * self.w**1.5\n"
        "    def backward(self, delta):\n        self.dw = (delta * self.x).sum(0) * 7 * self.w**0.5\n"
        "        return delta * self.w**1.5\n"
    )
    status, out, _ = run(path, "--input", "4,3")
    assert status == 1
    assert "FAILED  not finite: the value of forward is not finite one step from w" in out
    assert "PASSED" not in out


def test_an_error_in_a_pass_shows_the_students_own_line(run, written):
    path = written("class Layer:\n    def forward(self, x):\n        return x * self.w\n" + BACKWARD)
    status, out, _ = run(path, "--input", "3,4")
    assert status == 1
    assert "FAILED  raised: forward raised AttributeError." in out
    assert "mine.py, line 3, in forward: return x * self.w" in out


def test_the_only_class_of_a_file_needs_no_name_and_may_import_its_neighbour(run, written):
    written("SLOPE = 3.0\n", "constants.py")
    path = written(
        "from constants import SLOPE\nclass Layer:\n    def forward(self, x):\n        return SLOPE * x\n"
        "    def backward(self, delta):\n        return SLOPE * delta\n"
    )
    status, out, _ = run(path)
    assert status == 0
    assert out.startswith("Layer() on x (3, 4), no parameters")


def test_prints_and_warnings_of_the_layer_are_told_once(run, written):
    path = written(
        "import numpy as np\nclass Layer:\n    def forward(self, x):\n        print('shape', x.shape)\n"
        "        np.exp(np.full(1, 1e3))\n        return x\n" + BACKWARD
    )
    status, out, _ = run(path)
    assert status == 0
    assert out.count("shape (3, 4)") == 1
    assert "lines, left out here; the first: shape (3, 4)" in out
    assert out.count("overflow encountered in exp (mine.py, line 5)") == 1


def test_it_can_be_stopped(run, written):
    path = written("class Layer:\n    def forward(self, x):\n        raise KeyboardInterrupt\n" + BACKWARD)
    status, out, err = run(path, "--input", "2,2")
    assert (status, out) == (130, "")
    assert err.startswith("stopped.")


def test_the_comparison_with_pytorch_can_be_stopped(monkeypatch, capsys):
    pytest.importorskip("torch")

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(conformance, "_compare", stopped)
    assert conformance.main(conformance.Settings()) == 130
    assert capsys.readouterr().err.startswith("stopped.")


def test_a_lack_of_memory_is_told(run, monkeypatch):
    def allocate(*_):
        raise MemoryError("Unable to allocate 2.91 TiB")

    monkeypatch.setattr(HandWritten, "choose_input", allocate)
    status, out, err = run(f"{LAYERS}:ReLU", "--input", "3,4")
    assert (status, out) == (2, "")
    assert "not enough memory: Unable to allocate 2.91 TiB. A smaller input needs less." in " ".join(err.split())


@pytest.mark.parametrize("method", ["__init__", "forward", "backward"])
@pytest.mark.parametrize("given", [(), ("--input", "2,2")])
def test_code_that_ends_the_program_does_not_end_the_check_unseen(run, written, method, given):
    bodies = {"__init__(self)": "pass", "forward(self, x)": "return x", "backward(self, delta)": "return delta"}
    lines = [f"    def {d}:\n        {'sys.exit()' if d.startswith(method) else b}\n" for d, b in bodies.items()]
    status, out, err = run(written("import sys\nclass Layer:\n" + "".join(lines)), *given)
    assert (status, out) == (2, "")
    assert err.startswith("could not check: your code ends the program.")
    assert f"in {method}: sys.exit()" in err


# ------------------------------------------------------------------------------------------ what is typed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ([], {})),
        ("20,2,3,3", ([20, 2, 3, 3], {})),
        ("20, 2, kernel=3", ([20, 2], {"kernel": 3})),
        ("-1, 0.5, (2, 2), [1], None", ([-1, 0.5, (2, 2), [1], None], {})),
        ("same, mode='full', bias=True", (["same"], {"mode": "full", "bias": True})),
    ],
)
def test_arguments_as_in_a_call(text, expected):
    assert arguments(text) == expected


@pytest.mark.parametrize("text", ["3,,", "f(2)", "a=", "1 2", "__import__('os')", "x.y", ")", "1)+(2"])
def test_arguments_are_literals_and_nothing_is_run(text):
    with pytest.raises(CannotCheck, match="give them as in a call"):
        arguments(text)


def test_shapes_pairs_and_arrays():
    assert shape("4,2,8,8") == shape("4x2x8x8") == shape("(4, 2, 8, 8)") == (4, 2, 8, 8)
    assert shape("5") == shape("(5,)") == (5,)
    assert pairs("w:dw, b:db") == {"w": "dw", "b": "db"}
    assert pairs("params.W:grads.W") == {"params.W": "grads.W"}
    assert pairs("") == {}
    labels, weight = array("[0, 2, 1], 0.5")
    assert (labels.tolist(), weight) == ([0, 2, 1], 0.5)


def test_a_class_of_another_drive_or_folder_is_found():
    assert load_class(f"{LAYERS}:ReLU").__name__ == "ReLU"
