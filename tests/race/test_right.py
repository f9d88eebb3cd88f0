"""Accuracy class by class, from outcomes: of the samples that a bench takes, and of no others."""

from dataclasses import replace

import pytest
from tests.race.test_rule import DENSE

from tombola.data._base import of_images, stratified
from tombola.outcomes import Outcomes
from tombola.properties._test_images import outcomes
from tombola.race.finish import Finish
from tombola.race.right import OfClass, accuracy, by_class, table
from tombola.tasks._base import Task

DIGITS = Task.parse("digits")
TEST = of_images(DIGITS.splits(), "these tests").test


def judged(count: int, wrong: int) -> Finish:
    """A finish on so many held-out digits that told every one right, but those of a class."""
    some = stratified(TEST, count, seed=0)
    return replace(DENSE, samples=count, outcomes=outcomes((some.labels != wrong).double(), some))


@pytest.mark.parametrize("count", [100, 599])
def test_each_class_has_its_own_samples(count: int) -> None:
    found = by_class(judged(count, 3), DIGITS)
    assert sum(one.samples for one in found) == count
    assert (found[0].name, found[0].right) == ("3", 0)
    assert all(one.right == one.samples for one in found[1:])
    labels = stratified(TEST, count, seed=0).labels
    assert {one.name: one.samples for one in found} == {str(n): int((labels == n).sum()) for n in range(10)}


def test_outcomes_of_other_samples_say_nothing_of_classes() -> None:
    other = Outcomes.made([True] * 100, "others").text
    assert by_class(replace(DENSE, outcomes=other), DIGITS) == []
    assert by_class(DENSE, DIGITS) == []
    assert list(table([])) == []


def test_few_classes_are_all_shown_and_of_many_the_ends() -> None:
    lines = list(table(by_class(judged(599, 3), DIGITS)))
    assert lines[0] == "## Class by class (held-out samples, worst first)"
    assert sum(line.startswith("| ") for line in lines) == 11
    many = [OfClass(f"c|{number}", number, 20) for number in range(20)]
    first, *rest = table(many)
    assert first.endswith("the 5 worst and the 5 best of 20)")
    assert rest[2] == r"| c\|0 | 0 of 20 | 0.0 % (0.00 to 16.11) |"
    assert [line.split(" | ")[0] for line in rest[2:-1]] == [rf"| c\|{n}" for n in (*range(5), *range(15, 20))]


def test_an_accuracy_has_its_interval() -> None:
    assert accuracy(replace(DENSE, accuracy=90.0, samples=100)) == "90.00 % (82.56 to 94.48)"
