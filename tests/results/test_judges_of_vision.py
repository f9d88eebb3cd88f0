"""The CV tickets' matches and universal tickets are judged as the protocol says, on rows whose verdict is known."""

from results.evidence.floors import CONTROLS
from results.evidence.judges_of_vision import matches_everywhere, pretrained, source_serves

from tests.results.test_judges_of_texts import rows
from tombola.rows import Row

TASKS = (("accuracy", "cifar10"), ("accuracy", "caltech101"), ("mean_iou", ""), ("average_precision", ""))
SPREAD = (0.0, 1.0, 0.2, 0.9, 0.4)


def five(metric: str, first: float, **cell: object) -> list[Row]:
    told = {axis: level for axis, level in cell.items() if level != "" and isinstance(level, (str, float))}
    return rows(metric, tuple(first + away for away in SPREAD), **told)


def probes(**ahead: float) -> list[Row]:
    """The linear probes of dense nets without noise; the untrained net's are 30."""
    return [
        row
        for prior, lead in {**ahead, "untrained": 0.0}.items()
        for task in ("cifar10", "caltech101")
        for row in five("accuracy", 30 + lead, prior=prior, task=task, draw__sparsity=0.0, draw__scale=0.0)
    ]


def transfers(lost: float, floor: float = 60.0) -> list[Row]:
    """Dense nets at 70, tickets of 59 % below them by so much and of 95 % by 20; controls at the floor."""
    made = []
    for metric, task in TASKS:
        for sparsity, value in ((0.0, 70.0), (0.59, 70.0 - lost), (0.95, 50.0)):
            made += five(metric, value, prior="supervised", task=task, draw__sparsity=sparsity)
            for control in CONTROLS:
                made += five(metric, floor, prior=control, task=task, draw__sparsity=sparsity)
    return made


def test_a_prior_counts_where_its_probe_is_five_points_above_the_untrained_bodys_on_both_sets() -> None:
    assert pretrained(probes(supervised=20.0, simclr=5.0, moco=4.9)) == ["supervised", "simclr"]
    one = [row for row in probes(moco=4.9) if row.cell["task"] == "cifar10"]
    assert pretrained([*one, *(row for row in probes(moco=9.0) if row.cell["task"] != "cifar10")]) == []


def test_a_prior_matches_on_every_target_or_the_claim_is_not_for_it() -> None:
    gate = probes(supervised=20.0)
    found = matches_everywhere(transfers(0.1) + gate)
    assert (found.leaning, found.sum) == ("for", "supervised matches at 59 % or more on 4 of 4 targets, not on 0")
    assert found.p is None
    assert {round(one.mean, 1) for one in found.leads.values()} == {9.9}, "what it has over either floor"
    short = matches_everywhere(transfers(5.0) + gate)
    assert (short.leaning, short.sum[-22:]) == ("against", "of 4 targets, not on 4")
    assert matches_everywhere(transfers(0.1) + probes(supervised=1.0)).leaning == "open", "none counts as pretrained"


def test_a_match_that_an_untrained_net_reaches_too_is_open() -> None:
    assert matches_everywhere(transfers(0.1, floor=69.9) + probes(supervised=20.0)).leaning == "open"


def served(source: float, chance: float = 50.0) -> list[Row]:
    """The target's own ticket is at 60 everywhere."""
    made = []
    for prior in ("supervised", "simclr"):
        for metric, task in TASKS:
            for drawn, value in (("target", 60.0), ("source", source), ("by chance", chance)):
                made += five(metric, value, prior=prior, task=task, **{"drawn on": drawn})
    return made


def test_a_source_serves_where_more_than_half_of_the_targets_are_reached() -> None:
    gate = probes(supervised=20.0, simclr=20.0)
    found = source_serves(served(61.0) + gate)
    first = found.leads["share reached over a half"]
    assert (found.leaning, first.left, first.right) == ("for", 100.0, 50.0)
    assert 0 < first.half < 10, "all seeds alike is not to be sure of everything"
    assert found.leads["share reached over a half, by chance"].sign == -1
    assert source_serves(served(58.9) + gate).leaning == "against"
    assert source_serves(served(60.0) + gate).leaning == "open", "two or three pretrainings of five reach the mean"
