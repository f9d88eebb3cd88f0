"""Pictures show what stands, in the tones of every picture; missing floors are told with what fills them."""

from dataclasses import replace
from xml.etree import ElementTree as ET

from results.evidence.forest import forest
from results.evidence.judged import Judged, judged
from results.evidence.next_runs import floor_command, floors_missing
from results.evidence.pictures import file_of, pictures

from tests.results.test_evidence import ASKED, claim
from tests.results.test_leads import three
from tombola.colours import NATURAL, ROBUST


def found(*values: tuple[float, float, float]) -> list[Judged]:
    rows = [row for sparsity, robust in zip((0.9, 0.95), values, strict=True)
            for row in (*three("robust", robust, sparsity), *three("natural", (50, 50.5, 50.5), sparsity))]  # fmt: skip
    floor = three("untrained", (30, 31, 32)) + three("untrained", (30, 31, 32), 0.95)
    asked = replace(ASKED, controls="untrained nets")
    (one,) = judged(
        [replace(claim("A claim, made up", asked), recipe="robust-tickets/fig1")], {"A claim, made up": rows}
    )
    return [replace(one, controls=floor)]


def test_what_stands_is_drawn_with_its_floor_and_what_is_open_is_not() -> None:
    (one,) = found((60, 60.5, 61), (60, 60.5, 61))
    drawn = pictures([one], {one.claim.name: three("robust", (60, 61, 62)) + three("natural", (50, 51, 52))})
    assert list(drawn) == ["a-claim-made-up.svg"] == [file_of(one)]
    (text,) = drawn.values()
    ET.fromstring(text)
    assert "A claim, made up: holds" in text
    assert all(name in text for name in ("untrained", "robust", "natural", NATURAL, ROBUST))
    assert pictures(found((50, 51, 50), (50, 50, 51)), {}) == {}


def test_a_line_a_claim_and_its_interval() -> None:
    text = forest(found((60, 60.5, 61), (60, 60.5, 61)))
    ET.fromstring(text)
    assert text.count("<circle") == 1
    assert "A claim, made up" in text


def test_a_floor_that_is_missing_is_told_with_its_command() -> None:
    (one,) = found((60, 60.5, 61), (60, 60.5, 61))
    command = floor_command("robust-tickets/fig1")
    assert command.endswith(" --set 'prior=untrained,random ticket' --runner processes:2 --out results/evidence/floor")
    assert floors_missing([one]) == {command: ["A claim, made up"]}, "random tickets were not run"
    both = [*one.controls, *three("random ticket", (40, 40, 40)), *three("random ticket", (40, 40, 40), 0.95)]
    assert floors_missing([replace(one, controls=both)]) == {}
