"""Properties of written texts: AdvGLUE's classes by name and intervals of few texts, typing errors that cost."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.tasks.toy_reader import reader

from tombola import verbs
from tombola.data._adv_glue import PARTS, misleading
from tombola.data._text_tried import sentences
from tombola.errors import DataError, RequestError
from tombola.models.network import Network
from tombola.outcomes import wilson
from tombola.properties._rows import rows_of
from tombola.rows import Row
from tombola.tasks._base import Task

REAL = Path(os.environ.get("TOMBOLA_DATA", "../shared/data")) / "nlp" / "nlp_small.zip"
FIT = {"epochs": "60it", "batch": 12, "optimizer": {"name": "adamw", "lr": 0.03}, "schedule": "linear"}
SWAPPED = ("positive", "negative")


def told(folder: Path, classes: tuple[str, str] = SWAPPED, **options: Any) -> Task:
    """Texts whose last words tell whether they praise; classes stand in the alphabet's order."""
    ends = zip(classes, ("calm", "loud"), strict=True)
    rows = [f"{text},{label}" for label, end in ends for text in sentences(end)]
    (folder / "told.csv").write_text("\n".join(["text,label", *rows]))
    return Task.parse({"name": f"text:{folder / 'told.csv'}", "tokenizer": "plain:300", **options})


def adv_glue(folder: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    (folder / "adv_glue").mkdir(exist_ok=True)
    (folder / "adv_glue" / "dev.json").write_text(json.dumps({"sst2": rows}))
    return {"name": "adv_glue", "root": folder, "part": "sst2"}


def measured(network: Network, task: Task, what: Any) -> dict[str, Row]:
    return {row.metric: row for row in verbs.measure(network, task, [what])}


def misled(text: str, label: int, made: str, before: str | None = None) -> dict[str, Any]:
    found = {"idx": 0, "sentence": text, "label": label, "data_construction": made, "method": "made up"}
    return found if before is None else {**found, "original_sentence": before}


def test_classes_are_found_by_name_and_shares_have_their_interval(tmp_path: Path) -> None:
    task = told(tmp_path)
    network = verbs.pretrain(reader(300), task, FIT)
    calm, loud = "the river and the stone slept quietly", "the river and the stone shouted !"
    rows = [misled(calm, 1, "word", calm), misled(loud, 1, "word", calm), misled(loud, 0, "human")]
    found = measured(network, task, adv_glue(tmp_path, rows))
    values = {name: (round(row.value, 3), row.samples) for name, row in found.items()}
    assert values == {
        "adv_glue_accuracy": (66.667, 3),
        "original_accuracy": (100, 2),
        "word_accuracy": (50, 2),
        "human_accuracy": (100, 1),
    }
    low, high = wilson(2, 3)
    detail = found["adv_glue_accuracy"].detail
    assert (detail["low"], detail["high"], detail["cut"]) == (100 * low, 100 * high, 0)
    short = told(tmp_path, length=8, longer="part")
    assert measured(network, short, adv_glue(tmp_path, rows))["word_accuracy"].detail["cut"] == 2


def test_what_does_not_belong_is_refused(tmp_path: Path) -> None:
    what = adv_glue(tmp_path, [misled("fine", 1, "word")])
    task = told(tmp_path)
    with pytest.raises(
        RequestError, match=r"sst2 is told in the classes negative, positive, and the task in bad, good"
    ):
        measured(reader(300), told(tmp_path / "adv_glue", ("good", "bad")), what)
    with pytest.raises(RequestError, match=r"has the parts sst2, qqp, .*and texts is none of them; write part=\.\.\."):
        measured(reader(300), task, {"name": "adv_glue", "root": tmp_path})
    with pytest.raises(RequestError, match="toy reader reads texts, and digits holds images"):
        measured(reader(300), Task.parse("digits"), what)
    with pytest.raises(RequestError, match="adv_glue is of texts told as one of several classes"):
        rows_of(Task.parse("digits"), "adv_glue")
    with pytest.raises(DataError, match=r"adv_glue: not found in .*; get dev\.json of https://adversarialglue"):
        measured(reader(300), task, {**what, "root": tmp_path / "nowhere"})
    (tmp_path / "adv_glue" / "dev.json").write_text("[]")
    with pytest.raises(DataError, match=r"dev\.json: no JSON with the part 'sst2'"):
        measured(reader(300), task, what)
    (tmp_path / "adv_glue" / "dev.json").write_text('{"sst2": [{"sentence": "fine"}]}')
    with pytest.raises(DataError, match="a text of sst2 is not as AdvGLUE has them"):
        measured(reader(300), task, what)


def test_mismatched_pairs_have_a_part_of_their_own(tmp_path: Path) -> None:
    from tombola.data.mnli import Mnli
    from tombola.properties.adv_glue import AdvGlue

    (data,) = Mnli.examples(tmp_path)
    (item,) = AdvGlue.examples(tmp_path / "adv")
    asked = item.replace(part="")
    assert asked._part(Task.parse({"name": "text", "data": data})) == "mnli"
    assert asked._part(Task.parse({"name": "text", "data": data.replace(test="mismatched")})) == "mnli-mm"


def test_typing_errors_cost_what_they_say(tmp_path: Path) -> None:
    task = told(tmp_path)
    network = verbs.pretrain(reader(300), task, FIT)
    found = measured(network, task, {"name": "typo_error", "kinds": ["drop", "swap"], "rates": [0.9, 1e-9]})
    values = {name: row.value for name, row in found.items()}
    assert list(values) == [
        "typo_error", "clean_error", "relative_typo_error", "swap_error", "drop_error", "rate_1e-09_error",
        "rate_0.9_error",
    ]  # fmt: skip
    assert values["clean_error"] == values["rate_1e-09_error"] == 0
    assert values["rate_0.9_error"] > 10
    assert values["typo_error"] == pytest.approx(values["rate_0.9_error"] / 2)
    assert values["relative_typo_error"] == pytest.approx(values["typo_error"])
    with pytest.raises(RequestError, match=r"rates: write shares of letters|write shares of letters, above 0"):
        measured(network, task, {"name": "typo_error", "rates": [5]})
    with pytest.raises(RequestError, match="samples=99: the test split holds 10 texts"):
        measured(network, task, {"name": "typo_error", "samples": 99})


@pytest.mark.realdata
def test_the_published_parts_are_read() -> None:
    if not REAL.is_file():
        pytest.skip(f"{REAL} is not there")
    counts = {part: len(misleading(REAL, part, PARTS[part].classes)) for part in PARTS}
    assert counts == {"sst2": 148, "qqp": 78, "mnli": 121, "mnli-mm": 162, "qnli": 148, "rte": 81}
    before = [text.before is not None for text in misleading(REAL, "sst2", PARTS["sst2"].classes)]
    assert 100 < sum(before) < 148
