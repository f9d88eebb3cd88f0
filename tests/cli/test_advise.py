"""``tombola advise`` says what to try first, and what such advice has cost, before any training."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tombola.cli.advise import commands
from tombola.cli.main import app


def said(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["advise", *words])
    assert result.exit_code == code, result.output
    return str(result.output)


def test_it_tells_choices_with_their_regrets_and_commands() -> None:
    text = said("digits", "--model", "resnet8", "--sparsity", "0.8")
    assert "digits: 999 to train on, 10 classes" in text
    assert "always natural" in text
    assert "always robust" in text
    assert "tombola transfer first.ticket --task digits --how finetune" in text


def test_json_holds_every_policys_regret() -> None:
    found = json.loads(said("digits", "--model", "resnet8", "--transfer", "linear", "--gap", "8", "--json"))
    assert set(found["prior"]["regret"]) >= {"nearest tasks", "always natural", "always robust"}
    assert found["prior"]["beats always doing the same"] is False
    assert found["prior"]["level"] == "natural"


@pytest.mark.parametrize(("words", "told"), [
    (("--transfer", "lineal"), "write linear or finetune"),
    (("--set", "fit.batch=3"), "set options of the task"),
    (("--set", "task=photos"), "--set task=photos: the task is what is named first, digits; write another one in its"),
])  # fmt: skip
def test_wrong_requests_say_what_to_write(words: tuple[str, ...], told: str) -> None:
    assert told in said("digits", "--model", "resnet8", *words, code=2)


def test_a_model_that_is_none_is_refused_before_any_advice() -> None:
    assert "nonsense" in (told := said("digits", "--model", "nonsense", code=2))
    assert "try first" not in told


def test_a_folder_is_named_as_the_other_commands_want_it(tmp_path: Path) -> None:
    from tombola.advising.advice import Advice, Choice
    from tombola.advising.known import Features
    from tombola.advising.regret import Regrets

    none = {axis: Regrets(axis, {}, 0) for axis in ("prior", "scheme", "pattern")}
    levels = {"prior": "linf 1/255", "scheme": "A-IMP-US", "pattern": "stripe:4"}
    found = Advice(tuple(Choice(axis, level, {}, none[axis]) for axis, level in levels.items()), 0.9, None)
    told = commands(found, Features(adapted="linear"), str(tmp_path), "resnet8")
    assert told[0].startswith("# with a prior trained against linf 1/255")
    assert told[1] == (
        "tombola draw resnet8 --scheme imp --task SOURCE --sparsity 0.9 --pattern stripe:4"
        " --set fit.objective=adversarial -o first.ticket"
    )
    assert told[2] == f"tombola transfer first.ticket --task folder:{tmp_path} --how linear -o adapted.ticket"
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "one.txt").write_text("so good")
    told = commands(found, Features(adapted="linear"), str(tmp_path), "resnet8")
    assert told[2] == f"tombola transfer first.ticket --task text:{tmp_path} --how linear -o adapted.ticket"
