"""SuperTickets are judged as the protocol says, on rows whose verdict is known."""

import pytest
from results.evidence.judges_of_search import at, joint_over, serves_as_well

from tests.results.test_judges_of_texts import rows
from tombola.rows import Row

SEARCHED = {"70%": (4e6, 64.0), "80%": (2e6, 62.0), "90%": (1e6, 60.0), "95%": (0.5e6, 58.0)}


def nets(way: str, by_sparsity: dict[str, tuple[float, float]]) -> list[Row]:
    made = []
    for sparsity, (macs, accuracy) in by_sparsity.items():
        made += rows("accuracy", (accuracy, accuracy + 0.5, accuracy + 1), way=f"{way} {sparsity}")
        made += rows("macs", (macs, macs, macs), way=f"{way} {sparsity}")
    return made


def joint(ahead: float, macs: float = 1.0) -> list[Row]:
    """Nets of as many operations as the searched ones, times ``macs``, and so far ahead of them."""
    made = nets("joint", {name: (macs * SEARCHED[name][0], SEARCHED[name][1] + ahead) for name in ("80%", "90%")})
    jitter = (0.0, 0.1, -0.1)
    return [
        row.model_copy(update={"value": row.value + jitter[row.seed]}) if row.metric == "accuracy" else row
        for row in made
    ]


def test_joint_is_read_at_its_own_operations() -> None:
    searched = nets("search, then prune", SEARCHED)
    judge = joint_over("search, then prune", "search, then prune")
    found = judge(joint(1.0) + searched)
    assert (found.leaning, found.must, [round(one.mean, 6) for one in found.leads.values()]) == ("for", 2, [1.0, 1.0])
    assert found.numbers[0].startswith("joint over search, then prune at 80%: +1.00 (")
    assert judge(joint(-1.0) + searched).leaning == "against"
    assert judge(joint(0.05) + searched).leaning == "open"
    halved = judge(joint(-1.0, macs=0.5) + searched)
    assert halved.leaning == "for", "half the operations cost the other way two points"


def test_too_far_from_the_curve_nothing_is_read() -> None:
    found = joint_over("joint, nested")(joint(9.0, macs=4.0) + nets("joint, nested", SEARCHED))
    assert (found.leaning, found.p) == ("open", 1.0)
    assert found.sum == "too far from the curve to be read: joint over joint, nested at 80%"
    assert at([(1e6, 60.0), (2e6, 61.0)], 2.2e6) == pytest.approx(61.1375, abs=1e-4)
    assert at([(1e6, 60.0), (2e6, 61.0)], 0.8e6) is None


def superticket(**lost: float) -> list[Row]:
    """Of each task what the ticket drawn there reaches, and a SuperTicket that is so far below it."""
    found = []
    for task, away in lost.items():
        found += rows("accuracy", (70, 71, 72), task=task, ticket="drawn there")
        found += rows("accuracy", (70 - away, 71.1 - away, 71.9 - away), task=task, ticket="SuperTicket")
    return found


def test_a_superticket_may_lose_a_point_and_no_more_on_any_task() -> None:
    assert serves_as_well(superticket(dtd=0.5, imagenette=-3.0)).leaning == "for"
    assert serves_as_well(superticket(dtd=0.9, imagenette=-3.0)).leaning == "open", "a loss of a point may be"
    against = serves_as_well(superticket(dtd=3.0, imagenette=-3.0))
    assert (against.leaning, against.must) == ("against", 2)
    assert against.p is not None
    assert against.p < 0.05
