"""A whole race on toys: who is trained, what is shipped, that it goes on after a stop, and what it refuses."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tests.data.test_folder import messy
from typer.testing import CliRunner

import tombola
from tombola import verbs
from tombola.benching.asked import Questions
from tombola.benching.numbers import Times
from tombola.benching.result import Measured, Result
from tombola.cli import make
from tombola.cli.main import app
from tombola.engines._base import Setting
from tombola.errors import RequestError
from tombola.exporters._masked import masked
from tombola.fitting.session import Silent
from tombola.masks.masks import Masks
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.outcomes import Outcomes
from tombola.properties._test_images import image_scores
from tombola.properties._test_images import outcomes as outcomes_of
from tombola.race import known, looking, pace, planned
from tombola.race import race as racing
from tombola.race.budget import Budget
from tombola.race.entrants import DENSE, NOTHING, Entrant, Ladder, dense, ladders, not_installed
from tombola.race.finish import Timed
from tombola.race.notebook import Notebook
from tombola.race.wanted import Wanted
from tombola.study import shipping
from tombola.study.runners.inline import Inline
from tombola.study.store import Store
from tombola.tasks._base import Task
from tombola.tickets.ticket import Ticket

CHANNELS = {"name": "omp", "pattern": "channel", "budget": "uniform"}
TOY_DENSE = Entrant(DENSE, NOTHING, ["torch"])
TOYS = [
    Ladder(
        "channels",
        [
            Entrant("half", {**CHANNELS, "sparsity": 0.5}, ["shrunk:torch"]),
            Entrant("most", {**CHANNELS, "sparsity": 0.8}, ["shrunk:torch"]),
        ],
    )
]
TOY = (
    "digits",
    "--model",
    "resnet8",
    "--set",
    "model.width=0.25",
    "--set",
    "task.num_train=200",
    "--set",
    "fit.epochs=6it",
    "--set",
    "fit.batch=20",
)


MS: dict[tuple[str, float], float] = {("torch", 0.0): 4.0, ("shrunk", 0.5): 2.0, ("shrunk", 0.8): 1.0}


def clocked(network: Network, masks: Masks, engines: Any, setting: Setting, **options: Any) -> Result:
    """A bench whose times are a table's and whose answers are torch's, in this process."""
    questions: Questions = options.get("questions") or Questions()
    accuracy, outcomes, count = None, "", 0
    if questions.task is not None:
        samples = getattr(questions.task.splits(), questions.split)
        scores = image_scores(masked(network, masks), questions.task, samples, 256, torch.device("cpu"))
        accuracy, outcomes, count = 100 * scores.mean().item(), outcomes_of(scores, samples), len(samples)
    sparsity = round(masks.sparsity, 1) if masks.total else 0.0
    found = []
    for engine in engines:
        seconds = min((abs(key[1] - sparsity), ms) for key, ms in MS.items() if key[0] == engine.name)[1] / 1e3
        found.append(
            Measured(
                engine.label,
                uses_zeros=engine.USES_ZEROS,
                times=Times(seconds, seconds, seconds, seconds, runs=9, interrupted=0),
                load=0.1,
                files={"net": int(1e6 * seconds)},
                memory=None,
                difference=0.0,
                accuracy=accuracy,
                outcomes=outcomes,
            )
        )
    return Result("toy", setting, masks.sparsity, masks.kept, masks.total, found, samples=count)


def dense_is_always_right(network: Network, masks: Masks, engines: Any, setting: Setting, **options: Any) -> Result:
    """The same, but that nothing pruned can be as good: which toy is better is for the last bits of its training."""
    found = clocked(network, masks, engines, setting, **options)
    if masks.total and masks.sparsity:
        return found
    told = [Outcomes.parse(one.outcomes) for one in found.engines]
    right = [Outcomes.made([True] * one.count, one.of).text for one in told]
    judged = [replace(one, accuracy=100.0, outcomes=text) for one, text in zip(found.engines, right, strict=True)]
    return replace(found, engines=judged)


@pytest.fixture
def _clocked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipping, "bench", clocked)
    monkeypatch.setattr(known, "bench", clocked)


@pytest.fixture(autouse=True)
def _toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(racing, "dense", lambda **_: TOY_DENSE)
    monkeypatch.setattr(racing, "ladders", lambda **_: TOYS)


def run(*words: str) -> Any:
    return CliRunner().invoke(app, ["make", *words])


def refused(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 2, result.output
    return " ".join(str(result.output).split())


@pytest.mark.usefixtures("_clocked")
def test_it_leaves_a_folder_that_runs_and_again_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    always = ("--max-drop", "100", "--minutes", "60", "--json")
    first = run(*TOY, *always)
    assert first.exit_code == 0, first.output
    told = json.loads(first.stdout)
    assert told == json.loads(Path("made/result.json").read_text("utf-8"))
    assert (told["winner"]["entrant"], told["winner"]["ms"]) in (("most", 1.0), ("half", 2.0))
    assert told["held_out"][0]["samples"] == len(Task.parse("digits").splits().test)
    assert told["winner"]["samples"] == len(Task.parse("digits").splits().val)
    assert Path("made/labels.txt").read_text("utf-8").split() == [str(digit) for digit in range(10)]
    assert Path("made/front.png").read_bytes().startswith(b"\x89PNG")
    card = Path("made/card.md").read_text("utf-8")
    assert card.startswith("---\npipeline_tag: image-classification\n")
    assert f"{told['held_out'][0]['accuracy']:.2f} %" in card
    assert "Splits: 200 training, 199 validation, 599 held-out samples; " in card
    assert "## Class by class (held-out samples, worst first)\n" in card
    assert "- Calibration: an expected error of " in card
    assert "- Damaged images (severity 3 of 5, 64 samples): right are " in card
    assert told["worst_classes"][0]["right"] <= told["worst_classes"][-1]["samples"]
    report = Path("made/report.html").read_text("utf-8")
    assert "ship " in report
    assert len(report) < 60_000
    assert "http" not in report.replace("http-equiv", ""), "it needs no network"
    ticket = Ticket.load("made/model.ticket")
    assert str(ticket.lineage.dense) == "resnet8 (random, seed 0)", "not a file in somebody's store"
    assert ticket.masks.sparsity == pytest.approx(0.8 if told["winner"]["entrant"] == "most" else 0.5, abs=0.05)
    (row,) = verbs.measure(verbs.applied(verbs.base_of(ticket), ticket), "digits", "accuracy")
    assert row.value == pytest.approx(told["held_out"][0]["accuracy"], abs=0.2)

    monkeypatch.setattr(looking, "timed", lambda *_: pytest.fail("times are in the notebook"))
    again = run(*TOY, *always)
    assert json.loads(again.stdout) == told, "all of it lies in the store"
    assert Path("made/card.md").read_text("utf-8") == card
    assert "holds what another request made" in refused(*TOY, "--max-drop", "3", "--minutes", "60")


@pytest.mark.usefixtures("_clocked")
@pytest.mark.parametrize("cheap", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_what_won_is_trained_on_for_the_rest_of_the_minutes(monkeypatch: pytest.MonkeyPatch, cheap: bool) -> None:
    monkeypatch.setitem(MS, ("torch", 0.0), 0.5 if cheap else 4.0)
    for place, name, count in ((planned, "MOST_EPOCHS", 1), (racing, "LONGEST", 1), (pace, "MOST_EPOCHS", 4)):
        monkeypatch.setattr(place, name, count)
    result = run(*TOY[:-4], *TOY[-2:], "--max-drop", "100", "--minutes", "60")
    assert result.exit_code == 0, result.output
    told = json.loads(Path("made/result.json").read_text("utf-8"))
    assert told["winner"]["entrant"] == DENSE if cheap else told["winner"]["entrant"] in ("half", "most")
    assert (told["steps"], told["longer"]["steps"]) == (10, 30 if cheap else 40)
    met = told.get("met", {"behind": 0, "steps": 0})
    assert (met["behind"] > 0, met["steps"]) == (not cheap, 0 if cheap else 30), "40 are all that the dense net can use"
    ahead = f"{told['winner']['entrant']} was ahead after {met['behind']} steps more than the dense net, which"
    assert (ahead in " ".join(result.stdout.split())) != cheap
    said = f"trained on for {told['longer']['steps']} steps: {told['winner']['entrant']} in "
    for text in (result.stdout, *(Path(f"made/{name}").read_text("utf-8") for name in ("card.md", "report.html"))):
        assert said in " ".join(text.split())
    assert ("; that is left, and it is shipped as it was" in result.stdout) != told["longer"]["kept"]
    stretches = told["learned"] - told["longer"]["kept"] * told["longer"]["steps"]
    assert stretches == 10 if cheap else stretches % told["stretch"] == 0
    assert (f"; what won learned for {told['learned']} steps after it" in result.stdout) != cheap
    ticket = Ticket.load("made/model.ticket")
    (row,) = verbs.measure(verbs.applied(verbs.base_of(ticket), ticket), "digits", "accuracy")
    assert row.value == pytest.approx(told["held_out"][0]["accuracy"], abs=0.2), "what is shipped is what was judged"


@pytest.mark.slow
@pytest.mark.usefixtures("_clocked")
def test_the_dense_net_is_shipped_where_nothing_pruned_is_cheaper_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(MS, ("torch", 0.0), 0.5)
    result = run(*TOY)
    assert result.exit_code == 0, result.output
    assert (
        "ship the dense net in float32, run by torch:channels_last: nothing pruned costs less here within 1 point of"
        in result.stdout
    )
    assert "not in the table: most: 1 ms at best, and a dense net takes 0.5" in result.stdout
    assert "held-out samples: dense in torch:channels_last: " in result.stdout


@pytest.mark.slow
@pytest.mark.usefixtures("_clocked")
def test_without_time_nobody_is_trained_but_the_dense_net_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Budget, "stretch", lambda *_: 0)
    result = run(*TOY)
    assert json.loads(Path("made/result.json").read_text("utf-8"))["winner"]["entrant"] == DENSE
    assert "not in the table: half; most: no time was left for it; raise --minutes" in result.stdout
    assert "nothing pruned that was trained (2 were not, for want of time)" in result.stdout


@pytest.mark.usefixtures("_clocked")
def test_a_limit_that_nobody_keeps_is_refused_before_anything_is_trained() -> None:
    said = refused(*TOY, "--minutes", "5", "--latency", "0.5ms")
    assert "nothing here keeps to 0.5 ms; the nearest is most, run by shrunk:torch" in said
    assert "Write --latency 1.1ms" in said
    assert not Path("tombola-store").exists()
    assert not Path("made").exists()


@pytest.mark.usefixtures("_clocked")
def test_what_a_runner_holds_is_held_once_for_the_whole_race(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = list[str]()

    @contextmanager
    def holding(_: Inline) -> Iterator[None]:
        heard.append("begun")
        yield
        heard.append("ended")

    monkeypatch.setattr(Inline, "held", holding)
    monkeypatch.setattr(racing, "_raced", lambda *_: heard.append("raced"))
    race_of = Wanted(Source.parse("resnet8"), Task.parse("digits"))
    racing.race(race_of, Path("made"), Store(Path("store")), device="cpu", reporter=Silent())
    assert heard == ["begun", "raced", "ended"]


@pytest.mark.slow
@pytest.mark.usefixtures("_clocked")
def test_nets_that_other_processes_train_are_timed_here_and_the_result_is_the_same() -> None:
    always = (*TOY, "--max-drop", "100", "--minutes", "60", "--json")
    here, elsewhere = (
        run(*always, "-o", "a", "--store", "a-store"),
        run(*always, "-o", "b", "--store", "b-store", "--runner", "processes:1"),
    )
    assert elsewhere.exit_code == 0, elsewhere.output
    first, second = (
        {name: value for name, value in json.loads(one.stdout).items() if name != "minutes"}
        for one in (here, elsewhere)
    )
    assert first == second


@pytest.mark.slow
@pytest.mark.usefixtures("_clocked")
def test_within_a_limit_that_the_dense_net_is_over_the_nearest_is_shipped_and_what_it_misses_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shipping, "bench", dense_is_always_right)
    result = run(*TOY, "--minutes", "60", "--latency", "2.5ms", "--max-drop", "0", "--robust", "4/255")
    assert result.exit_code == 0, result.output
    told = json.loads(Path("made/result.json").read_text("utf-8"))
    assert told["winner"]["entrant"] in ("half", "most")
    assert "nothing within 2.5 ms holds 0 points of accuracy for sure; the most accurate is " in result.stdout
    assert f"held-out samples that PGD moves by 4/255, nets in float32: {told['winner']['entrant']} " in result.stdout
    assert set(told["attacked"]) == {told["winner"]["entrant"], DENSE}


@pytest.mark.usefixtures("_clocked")
def test_a_budget_in_which_nothing_can_be_trained_is_refused_before_anything_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: list[int] = []

    def slow(*_: object) -> float:
        threads.append(torch.get_num_threads())
        return 5.0

    monkeypatch.setattr(looking, "seconds_a_step", slow)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    assert re.search(
        r"--minutes 1: too few to train anything.*write --minutes [3-9] or more", refused(*TOY, "--minutes", "1")
    )
    assert not Path("tombola-store").exists()
    torch.set_num_threads(before)
    assert threads == [1], "the pace of what trains: stages have one thread"
    assert not Path("made").exists(), "the same folder with more minutes is no other request's"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_real_entrants_race_and_what_is_shipped_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(racing, "dense", dense)
    monkeypatch.setattr(racing, "ladders", ladders)
    result = run(*TOY, "--max-drop", "100", "--minutes", "60", "--json", "-o", "out")
    assert result.exit_code == 0, result.output
    winner = json.loads(result.stdout)["winner"]
    assert winner["entrant"] != DENSE or "int8" in winner["engine"]
    Image.new("RGB", (16, 16)).save("a.png")
    found = [made for made in ("out/onnx/net.onnx", "out/native", "out/model.ticket") if Path(made).exists()]
    assert len({tombola.load(made).predict("a.png").label for made in found}) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("none-such", "--model", "resnet8"), "none-such"),
        (("digits", "--model", "resnet8", "--target", "fun"), "--target fun: write latency, size, both"),
        (("digits", "--model", "resnet8", "--set", "sparsity=0.9"), "set options of task, fit or model"),
        (("digits", "--model", "resnet8", "--set", "fit=dca"), "unknown preset 'dca', did you mean 'dac'?"),
        (("digits", "--model", "resnet8", "--set", "fit=3"), "--set fit=3: write a recipe's name, as in --set fit=dac"),
        (("digits", "--model", "resnet8", "--set", "fit=dac,glue"), "--set fit=['dac', 'glue']: write a recipe's name"),
        (
            ("digits", "--model", "resnet8", "--set", "task=one"),
            "--set task=one: the task is what is named first, digits;",
        ),
        (
            ("digits", "--model", "resnet8", "--set", "task={name: one, size: 8}"),
            "--set task=one: the task is what is named first, digits;",
        ),
        (("digits", "--model", "resnet8", "--minutes", "0"), "--minutes"),
        (("digits",), "--model"),
        (("note.txt", "--model", "resnet8"), "is no table of texts"),
        (("one", "--model", "resnet8"), "one class"),
    ],
)
def test_wrong_requests(words: tuple[str, ...], message: str) -> None:
    Path("note.txt").write_text("a", encoding="utf-8")
    Path("one/cat").mkdir(parents=True)
    for number in range(20):
        _picture(Path(f"one/cat/{number}.png"))
    assert message in refused(*words)


def _picture(file: Path) -> None:
    Image.new("RGB", (8, 8), (int(file.stem), 0, 0)).save(file)


def test_a_recipe_is_named_as_text_and_what_is_set_beside_it_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Wanted] = []

    def noted(wanted: Wanted, *_: object, **__: object) -> None:
        asked.append(wanted)
        raise RequestError("that is enough")

    monkeypatch.setattr(racing, "race", noted)
    for words in (("--set", "fit=dac"), ("--set", "fit=dac", "--set", "fit.batch=8")):
        assert "that is enough" in refused("digits", "--model", "resnet8", *words)
    assert [one.fit for one in asked] == [{"preset": "dac"}, {"preset": "dac", "batch": 8}]


def test_a_folder_that_holds_other_things_is_left_alone() -> None:
    Path("made").mkdir()
    Path("made/mine").write_text("mine", encoding="utf-8")
    assert "is not empty" in refused(*TOY)
    assert Path("made/mine").read_text("utf-8") == "mine"


def test_a_notebook_that_is_cut_is_refused(tmp_path: Path) -> None:
    book = Notebook.opened(tmp_path / "x", "mine")
    book.steps, book.known = 7, {"a": [Timed("native", 1.5, 3)]}
    book.seconds = 0.9004  # 0.02 minutes; rounded to thousandths it would be 0.01, and the same command not the same
    book.keep()
    assert Notebook.opened(tmp_path / "x", "mine") == book
    book.file.write_text(book.file.read_text("utf-8")[:-9], encoding="utf-8")
    with pytest.raises(RequestError, match="cannot be read"):
        Notebook.opened(tmp_path / "x", "mine")


def test_examples_say_what_they_are(tmp_path: Path) -> None:
    (tmp_path / "reviews.csv").write_text("text,label\n" + "good,1\nbad,0\n" * 9, encoding="utf-8")
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    assert make.task_of("digits", "resnet8", {}).name == "classification"
    texts = make.task_of(str(tmp_path / "reviews.csv"), "hf:none", {"tokenizer": "plain:300"})
    assert texts.name == "text"
    _picture(tmp_path / "photos" / "cat" / "1.png")
    photos = make.task_of(str(tmp_path / "photos"), "resnet8", {"size": 16})
    assert getattr(photos, "data").size == 16  # noqa: B009  a task's data set is its own


def test_columns_and_tables_of_labels_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.csv").write_text("nr;Review;Sentiment\n" + "1;good;1\n2;bad;0\n" * 9, encoding="utf-8")
    task: Any = make.task_of(str(tmp_path / "x.csv"), "hf:none", {"tokenizer": "plain:300"})
    assert (task.data.text, task.data.label, task.data.broken) == ("Review", "Sentiment", "skip")
    assert "texts from the column 'Review', classes from 'Sentiment'" in capsys.readouterr().err
    (tmp_path / "flat").mkdir()
    for number in range(4):
        _picture(tmp_path / "flat" / f"{number}.png")
    (tmp_path / "flat" / "train.csv").write_text("id,label\n0,a\n1,b\n", encoding="utf-8")
    photos: Any = make.task_of(str(tmp_path / "flat"), "resnet8", {})
    assert (photos.data.labels, photos.data.alike) == ("train.csv", "together")
    (tmp_path / "flat" / "other.csv").write_text("", encoding="utf-8")
    with pytest.raises(RequestError, match=r"other\.csv, train\.csv: which of them .* task\.labels=FILE"):
        make.task_of(str(tmp_path / "flat"), "resnet8", {})
    assert make.task_of(str(tmp_path / "flat"), "resnet8", {"labels": "train.csv"}).name == "classification"


@pytest.mark.slow
@pytest.mark.filterwarnings("always::UserWarning")
@pytest.mark.usefixtures("_clocked")
def test_a_folder_with_one_of_each_broken_thing_ends_well_and_each_is_listed(tmp_path: Path) -> None:
    messy(tmp_path / "photos")
    result = run("photos", *TOY[1:5], "--set", "task.size=16", *TOY[-4:], "--max-drop", "100", "--minutes", "30")
    assert result.exit_code == 0, result.output
    listed = Path("made/left_out.csv").read_text("utf-8").splitlines()
    names = ("cut.jpg", "float.tif", "line.png", "lost.png", "notes.txt", "nothing.png", "text.png")
    assert [line.partition(",")[0] for line in listed] == ["file", *(f"dog/{name}" for name in names), "stray.png"]
    assert Path("made/labels.txt").read_text("utf-8").split() == ["cat", "dog", "eel", "one"]


def test_entrants_run_somewhere_and_have_names_of_their_own() -> None:
    for of_texts in (False, True):
        found = [rung for one in ladders(of_texts=of_texts, by_size=True) for rung in one.rungs]
        assert all(one.engines for one in [*found, dense()])
        assert len({one.label for one in found}) == len(found)
        assert all(
            one.rungs == sorted(one.rungs, key=lambda rung: rung.sparsity)
            for one in ladders(of_texts=of_texts, by_size=True)
        )
        assert all("type: pip install" in why for why in not_installed().values())
