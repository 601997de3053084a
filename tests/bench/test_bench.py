"""The benchmark: the same work on every engine, each in a process of its own, compared within rounds.

No test here asserts a time.
"""

import importlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import chainrule
from chainrule.bench import command, epoch, figure, growth, limits, models, operators, tables, training, turns, works
from chainrule.bench.worker import prepare
from chainrule.data.folders import SAMPLES

STEPS = {name: work for name, work in works.TARGETS.items() if work.kind in models.MODELS}


def small(work):
    return replace(work, batch=3, width=8, length=work.length and 4)


def losses(engine, work, n=5):
    module = pytest.importorskip(engine.partition(".")[0])
    step = prepare(module, engine, work)[""].run
    return [step().item() for _ in range(n)]


@pytest.mark.parametrize("engine", ["torch", "jax"])
@pytest.mark.parametrize("name", STEPS)
def test_all_engines_do_the_same_work(name, engine):
    work = small(STEPS[name])
    ours, theirs = losses("chainrule", work), losses(engine, work)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    assert len(set(ours)) == 5  # it learns; the update is part of the work


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "Adagrad"])
def test_updates_are_the_same(optimizer):
    work = replace(small(STEPS["mlp"]), optimizer=optimizer)
    np.testing.assert_allclose(losses("chainrule", work, 20), losses("torch", work, 20), rtol=1e-4)


def test_models_are_those_of_the_titles():
    def parameters(name):
        work = STEPS[name]
        return sum(w.size for w in models.weights(models.MODELS[work.kind](work.width)).values())

    assert parameters("lenet-64") == 44426
    assert parameters("mlp") == 785 * 512 + 513 * 512 + 513 * 10
    assert parameters("fashion-cnn") == 320 + 62730
    assert parameters("char-lstm-64") == 65 * 256 + 8 * 256 * 257 + 257 * 65
    assert parameters("imdb-lstm") == 20_000 * 50 + 400 * 152 + 101
    kinds = [layer.kind for layer in models.vgg(64).layers]
    assert (kinds.count("conv"), kinds.count("norm"), kinds.count("pool")) == (6, 6, 3)


def test_weights_reach_the_model():
    model = models.MODELS["imdb-lstm"](8)
    network, start = training.build(chainrule, model), models.weights(model)
    found = {name.replace("lstm.", ""): p for name, p in network.layers.named_parameters()}
    assert found.keys() == start.keys()
    assert all((found[name].detach().numpy() == value).all() for name, value in start.items())


def test_every_engine_is_measured_in_every_round(tmp_path, capsys):
    file, drawing = tmp_path / "times.json", tmp_path / "ratios.svg"
    words = ["--only", "lenet-64", "--peers", "--batch", "4", "--rounds", "2", "--seconds", "0", "--threads", "1"]
    assert command.main([*words, "--json", str(file), "--figure", str(drawing)]) == 0
    record = json.loads(file.read_text())
    assert record["machine"]["Processor"]
    assert record["versions"]["numpy"] == np.__version__
    measured = record["works"]["lenet-64"]["measured"]
    assert list(measured) == ["chainrule"]
    assert {what: len(values) for what, values in measured["chainrule"].items()} == {
        "import": 1, "first step": 1, "": 2, "peak memory": 2
    }  # fmt: skip
    assert min(measured["chainrule"][""]) > 0
    printed = capsys.readouterr().out
    assert "2 rounds in turns, 1 threads" in printed
    assert "LeNet-5, batch 4" in printed
    assert ElementTree.parse(drawing).getroot().tag.endswith("svg")  # noqa: S314 (our own)


def test_a_peer_is_compared_and_one_that_is_not_installed_is_left_out():
    pytest.importorskip("torch")
    assert turns.installed(["chainrule", "torch", "torch", "no_such_engine"]) == ["chainrule", "torch"]
    tape = replace(works.OTHERS["tape"], length=3, seconds=0)
    found = turns.measure(tape, ["chainrule", "torch"], rounds=1, threads=1)
    assert {"relu of 8 numbers, forward", "relu of 8 numbers, backward"} <= found["torch"].keys()
    assert "relu of 8 numbers, arrays only" in found["chainrule"]


def test_which_pieces_run_where():
    tape, gemm, lenet = works.OTHERS["tape"], works.TARGETS["gemm"], works.TARGETS["lenet-64"]
    engines = turns.ENGINES
    assert [e for e in engines if turns.runs_on(tape, e)] == ["chainrule", "torch"]
    assert [e for e in engines if turns.runs_on(gemm, e)] == ["chainrule", "torch", "jax"]
    assert [e for e in engines if turns.runs_on(lenet, e)] == list(engines)


def test_a_pass_of_the_loader_sees_every_batch():
    for name in ("chainrule", "torch"):
        work = replace(works.OTHERS["loader"], batch=16, length=64)
        timed = prepare(pytest.importorskip(name), name, work)
        assert list(timed) == ["MNIST, uint8, batch 16", "MNIST, float32, batch 16"]
        for t in timed.values():
            t.run()
            assert t.per == 4


def test_the_product_of_matrices_is_one(monkeypatch):
    for name in ("chainrule", "torch", "jax"):
        timed = prepare(pytest.importorskip(name), name, works.Work("", "gemm", width=5))[""]
        a, b = np.random.default_rng(0).standard_normal((2, 5, 5), np.float32)
        np.testing.assert_allclose(np.asarray(timed.run()), a @ b, rtol=1e-5)


def test_a_worker_that_dies_is_an_error():
    with pytest.raises(RuntimeError, match="ended early"):
        turns.measure(replace(STEPS["lenet-64"], batch=-1), ["chainrule"], 1, 1)


def test_the_process_of_a_peer_does_not_import_chainrule():
    program = (
        "import sys; sys.path.append(sys.argv[1]); import bench.worker, bench.training;"
        "print([m for m in ('chainrule', 'tyro', 'rich', 'matplotlib') if m in sys.modules])"
    )
    run = [sys.executable, "-c", program, str(Path(chainrule.__file__).parent)]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "[]\n"


def test_ratios_are_taken_within_rounds_and_the_best_peer_has_the_least_median():
    assert turns.ratio([2, 20, 6], [1, 10, 2]) == 2
    rows = {"chainrule": [1, 10, 2], "torch": [4, 40, 8], "jax": [3, 30, 6]}
    assert tables.best(rows) == 3


def test_a_row_with_a_target_says_the_best_ratio():
    found = {"mlp": {"chainrule": {"": [1.0]}, "torch": {"": [3.0]}, "jax": {"": [2.5]}}}
    chosen = {"mlp": STEPS["mlp"]}
    table = tables.times_table("", chosen, found)
    last = [list(column.cells)[-1] for column in table.columns]
    assert last == ["", "best peer", "", "at least 1.05", "", "2.50"]
    assert next(iter(table.columns[4].cells)) == "100,000 samples/s"


def test_the_figure_names_works_and_peers():
    found = {name: {"chainrule": {"": [1.0]}, "torch": {"": [3.0]}} for name in ("mlp", "vgg")}
    found["mlp"]["jax"] = {"": [2.0]}
    svg = figure.standalone(figure.ratios({name: STEPS[name] for name in found}, found))
    texts = {"".join(e.itertext()).strip() for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text")}  # noqa: S314
    assert {STEPS["mlp"].title, STEPS["vgg"].title, "torch", "jax", "aim, for the best peer"} <= texts


def test_names_may_be_shortened_and_wrong_ones_are_told(capsys):
    assert list(command._chosen(command.Settings(only=("lenet", "mlp")))) == ["lenet-64", "lenet-500", "mlp"]
    assert command.main(["--only", "lenett"]) == 2
    assert "char-lstm-64" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--peers", "pytorch", "jax"], "--peers pytorch: there are torch, torch.compile, jax"),
        (["--rounds", "0"], "--rounds 0: it must be at least 1"),
        (["--threads", "0"], "--threads 0: it must be at least 1"),
        (["--batch", "-1"], "--batch -1: it must be at least 1"),
        (["--seconds", "nan"], "--seconds nan: it must be a number"),
        (["--json", "/no/such/x.json"], "--json /no/such/x.json: there is no folder /no/such"),
        (["--figure", "/no/such/x.svg"], "--figure /no/such/x.svg: there is no folder /no/such"),
    ],
)
def test_what_cannot_be_measured_or_written_is_told_before_anything_is_measured(words, says, monkeypatch, capsys):
    monkeypatch.setattr(command, "run", lambda *_: pytest.fail("it measured"))
    try:
        status = command.main(["--only", "lenet-64", *words])
    except SystemExit as refused:
        status = refused.code
    assert status == 2
    assert says in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_file_that_cannot_be_written_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "run", lambda *_: {"lenet-64": {"chainrule": {"": [1.0]}}})
    assert command.main(["--only", "lenet-64", "--json", str(tmp_path)]) == 2
    assert f"{tmp_path}: Is a directory" in capsys.readouterr().err


RANDOM = "dropout", "Norm", "Embedding", "LSTM", "GRU", "RNN", "MultiheadAttention"


@pytest.mark.parametrize("case", operators.CASES, ids=lambda case: case.title)
def test_operators_are_the_same_on_both_engines(case):
    found = {}
    for name in ("chainrule", "torch"):
        timed = operators._case(pytest.importorskip(name), case)
        found[name] = [timed[f"{case.title} forward"].run(), *timed]
        for way in timed.values():
            way.run(*way.before())
    (ours, *directions), (theirs, *others) = found.values()
    assert directions == others
    assert tuple(ours.shape) == tuple(theirs.shape)
    if not case.name.startswith(RANDOM):
        expected = theirs.detach().numpy()
        size = np.abs(expected[np.isfinite(expected)]).max(initial=1)  # great sums cancel to small ones
        np.testing.assert_allclose(ours.detach().numpy(), expected, rtol=1e-3, atol=1e-5 * size)


def test_the_sweep_times_all_and_finds_the_worst(monkeypatch):
    monkeypatch.setattr(operators, "CASES", operators.CASES[:2])
    timed = operators.operators(chainrule, works.OTHERS["operators"])
    assert len(timed) == 2 * 2 + len(operators.OPTIMIZERS) + 1
    ours = {"relu forward": [1.0, 1.0], "exp forward": [3.0, 3.0], "sum forward": [1.1, 1.1], "import": [1.0]}
    theirs = {"relu forward": [2.0, 2.0], "exp forward": [2.0, 2.0], "sum forward": [1.0, 1.0], "import": [9.0]}
    table = tables.worst({"chainrule": ours, "torch": theirs}, n=2)
    assert table.title == "3 operators and directions: 1 faster than torch's, 1 slower by more than 1.2×"
    assert [list(column.cells) for column in table.columns] == [
        ["exp forward", "sum forward"], ["3000.0", "1100.0"], ["2000.0", "1000.0"], ["1.50", "1.10"]
    ]  # fmt: skip


@pytest.mark.parametrize("engine", ["chainrule", "torch", "jax"])
def test_an_epoch_is_a_program_from_start_to_end(engine):
    pytest.importorskip(engine)
    files = [SAMPLES / f"digits-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")]
    found = epoch.measure([engine], files, 1, 1)[engine]
    assert found.keys() == {"", "last loss", "peak memory"}
    assert 0 < found["last loss"][0] < 2.295  # of guessing: 2.303
    assert found["peak memory"][0] < (150 if engine == "chainrule" else 2000)


def test_an_epoch_without_its_data_says_what_is_missing(tmp_path, capsys):
    assert command.main(["epoch", "--data", str(tmp_path)]) == 2
    assert "mnist was not found" in capsys.readouterr().err


def test_what_a_step_asks_for_is_counted():
    work = replace(STEPS["mlp"], batch=5, width=7)
    weights = 785 * 7 + 8 * 7 + 8 * 10
    products = 5 * (784 * 7 + 7 * 7 + 7 * 10)
    found = limits.costs(work)
    assert found.flops == 2 * (3 * products - 5 * 784 * 7)  # forward, dw, dx; nobody wants dx of the images
    assert found.bytes == 4 * (2 * weights * 2 + 2 * 5 * (4 * 7 + 10))  # of ReLU too
    assert found.milliseconds(limits.Machine(1e3 * found.flops, 1e6 * found.bytes)) == (1, 1e-3)


def test_the_rates_of_the_machine_are_those_of_work_done(monkeypatch):
    if chainrule.native.core is not None:
        done = chainrule.native.core.multiply_adds
        assert done(3, 20) == 3 * done(1, 20) == 6 * done(1, 10)
        with pytest.raises(TypeError, match="rounds are needed"):
            done(1, 0)
    clock = iter(range(100))
    monkeypatch.setattr(limits.time, "perf_counter", lambda: float(next(clock)))
    assert limits.machine(1, 10, 1).bytes == 2 << 20
    threads = chainrule.get_num_threads()
    assert limits.machine(2, 10, 1).flops > 0
    assert chainrule.get_num_threads() == threads


def test_growth_beside_the_limit(monkeypatch):
    chosen = growth.works(3)
    assert {w.threads for name, w in chosen.items() if name.startswith("vgg")} == {1, 2, 3}
    assert (chosen["width 128"].width, chosen["width 128"].batch, chosen["length 25"].length) == (128, 100, 25)
    monkeypatch.setattr(growth, "machine", lambda threads: limits.Machine(1e9, 1e12))
    small_one = replace(chosen["width 128"], width=8, batch=2, seconds=0, threads=1)
    measured = growth.measured(small_one, ["chainrule", "jax"], 1)
    assert list(measured) == ["chainrule", growth.FLOPS, growth.BYTES]
    assert measured[growth.FLOPS][""] == [limits.costs(small_one).flops / 1e6]
    found = {name: {"chainrule": {"": [6.0]}, growth.FLOPS: {"": [3.0]}, growth.BYTES: {"": [1.0]}} for name in chosen}
    assert set(list(growth.table(chosen, found).columns)[-1].cells) == {"2.0"}
    svg = figure.standalone(growth.figure(chosen, found))
    texts = {"".join(e.itertext()).strip() for e in ElementTree.fromstring(svg).iter() if e.tag.endswith("text")}  # noqa: S314
    assert {"batch", "width", "length", "limit", "chainrule"} <= texts


def test_a_figure_that_is_not_there_is_told(capsys):
    assert command.main(["tape", "--figure", "x.svg"]) == 2
    assert "not of tape" in capsys.readouterr().err


def test_jax_is_written_for_every_kind_of_layer():
    pytest.importorskip("jax")
    plain = importlib.import_module("chainrule.bench.plain_jax")
    kinds = {layer.kind for model in models.MODELS.values() for layer in model(8).layers}
    assert kinds == plain.LAYERS.keys()
