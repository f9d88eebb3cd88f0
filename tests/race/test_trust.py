"""Confidence and damage: the properties' own figures, on few samples, and only where there is time."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.properties.test_on_written_texts import told
from tests.race.test_front import raced_on
from tests.tasks.toy_reader import reader

from tombola import verbs
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.race import trust
from tombola.race.finish import Timed
from tombola.race.trust import confidences, damaged, fits, reserved, seconds, trust_in
from tombola.tasks._base import Task

DIGITS = Task.parse("digits")


@pytest.fixture(scope="module")
def net() -> Network:
    """It saw a few digits."""
    found = Source.parse({"name": "resnet8", "width": 0.25}).load(num_classes=10, seed=0)
    return verbs.pretrain(found, DIGITS, {"epochs": "20it", "batch": 50})


def test_both_are_the_properties_on_the_same_samples(net: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "CONFIDENCES", 599)
    monkeypatch.setattr(trust, "DAMAGED", 599)
    rows = {row.metric: row.value for row in verbs.measure(net, DIGITS, ["calibration_error"])}
    assert f"an expected error of {rows['calibration_error']:.1f} % (15 bins, 599 samples)" in confidences(net, DIGITS)
    few: Any = {"name": "corruption_error", "corruptions": list(trust.WAYS), "severities": [3]}
    rows = {row.metric: 100 - row.value for row in verbs.measure(net, DIGITS, [few])}
    line = damaged(net, DIGITS)
    assert f"599 samples): right are {rows['clean_error']:.1f} % as they are, " in line
    assert all(f"{rows[f'{way}_error']:.1f} % with `{way}`" in line for way in trust.WAYS)


def test_mistyped_texts_are_those_of_the_property(tmp_path: Path) -> None:
    task = told(tmp_path)
    net = verbs.pretrain(reader(300), task, {"epochs": "10it", "batch": 12})
    few: Any = {"name": "typo_error", "rates": [trust.RATE]}
    rows = {row.metric: 100 - row.value for row in verbs.measure(net, task, [few])}
    line = damaged(net, task)
    assert line.startswith("Mistyped texts (10% of letters, ")
    assert f"right are {rows['clean_error']:.1f} % as they are, {rows['swap_error']:.1f} % with `swap`" in line
    assert "an expected error of" in confidences(net, task)


def test_few_samples_are_of_every_class_and_again_the_same(net: Network) -> None:
    raced = raced_on(1000)
    lines = trust_in(raced, net)
    assert lines == trust_in(raced, net)
    assert "200 samples" in lines[3]
    assert "64 samples" in lines[4]
    assert net.training is False


def test_what_cannot_be_measured_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    net = Source.parse({"name": "resnet8", "width": 0.25}).load(num_classes=10, seed=0)
    for value in net.parameters():
        value.data.fill_(float("nan"))
    _, _, _, *lines = trust_in(raced_on(1000), net)
    assert all(line.startswith("- Not measured: ") for line in lines[:2])


@pytest.mark.parametrize(("ms", "spent", "there"), [(4.0, 0.0, True), (4.0, 1200.0, False), (4000.0, 0.0, False)])
def test_it_is_left_out_where_there_is_no_time(ms: float, spent: float, there: bool) -> None:
    raced = raced_on(1000)
    slowed = replace(raced.end, ran={replace(one, ms=ms): how for one, how in raced.end.ran.items()})
    raced = replace(raced, end=slowed, seconds=spent)
    assert fits(raced) == there
    if not there:
        nothing: Any = None
        assert "no time was left for it; raise --minutes" in trust_in(raced, nothing)[-2]


def test_a_race_keeps_seconds_for_it_and_never_many() -> None:
    wanted = raced_on(1000).wanted
    assert seconds(wanted, [Timed("a", 1.0, 1), Timed("b", 5.0, 1)]) == pytest.approx(2 * 520 * 5e-3)
    assert seconds(replace(wanted, batch=5), [Timed("b", 5.0, 1)]) == pytest.approx(2 * 520 * 1e-3)
    assert reserved(wanted, [Timed("b", 5.0, 1)]) == pytest.approx(5.2)
    assert reserved(wanted, [Timed("b", 5e3, 1)]) == pytest.approx(60)
