"""The plan: every stage once, keys known without running (`tests/golden` freezes them)."""

from typing import Any

from tests.study.toys import STUDY

from tombola.study.chain import stages_of
from tombola.study.measuring import MeasureStage
from tombola.study.plan import Plan
from tombola.study.study import Study


def plan(**changes: Any) -> Plan:
    return Plan.of(Study.of({**STUDY, **changes}))


def nothing(key: str) -> bool:
    return False


def test_four_sparsities_three_tasks_and_two_regimes_pretrain_twice() -> None:
    targets = {str(n): {"name": "digits", "num_train": n} for n in (40, 50, 60)}
    axes = {**STUDY["axes"], "draw.sparsity": [0.0, 0.5, 0.8, 0.9], "target": targets}
    counts = plan(axes=axes).counts(nothing)
    assert {kind: tally.total for kind, tally in counts.kinds.items()} == {
        "pretrain": 2,
        "draw": 8,
        "transfer": 24,
        "measure": 24,
    }
    assert (counts.cells, counts.stages, counts.to_run, counts.cached) == (24, 58, 58, 0)
    assert counts.shared == 24 * 4 - 58


def test_seeds_share_what_is_not_random() -> None:
    axes = {**STUDY["axes"], "seed": [0, 1, 2]}
    kinds = plan(axes=axes, pretrain_seed=0).counts(nothing).kinds
    assert [kinds[kind].total for kind in ("pretrain", "draw", "transfer")] == [2, 4, 12]
    kinds = plan(axes=axes).counts(nothing).kinds
    assert [kinds[kind].total for kind in ("pretrain", "draw", "transfer")] == [6, 12, 12]


def test_published_weights_are_shared_by_all_seeds_and_random_ones_are_not() -> None:
    axes = {"seed": [0, 1]}
    taken = plan(model="torchvision:resnet18@IMAGENET1K_V1", pretrain=None, axes=axes).counts(nothing)
    assert taken.kinds["pretrain"].total == 1
    assert plan(model="resnet8", pretrain=None, axes=axes).counts(nothing).kinds["pretrain"].total == 2


def test_a_property_more_reuses_everything() -> None:
    before = plan()
    after = plan(measure=["accuracy", "adversarial_accuracy"])
    counts = after.counts(before.stages.__contains__)
    assert (counts.cached, counts.to_run, counts.kinds["measure"].to_run) == (len(before.stages), 4, 4)


def test_what_only_led_to_something_cached_need_not_run() -> None:
    whole = plan()
    measures = {key for key, stage in whole.stages.items() if stage.STAGE == "measure"}
    assert whole.missing(measures.__contains__) == {}
    lost = next(iter(measures))
    missing = whole.missing((measures - {lost}).__contains__)
    assert [stage.STAGE for stage in missing.values()] == ["pretrain", "draw", "transfer", "measure"]


def test_inputs_come_before_what_is_made_from_them() -> None:
    seen: set[str] = set()
    for key, stage in plan().stages.items():
        assert {source.key for source in stage.inputs} <= seen
        seen.add(key)


def test_a_change_of_the_ticket_changes_the_keys_below_it_only() -> None:
    one, other = (
        stages_of(Study.of(STUDY).override([f"draw.sparsity={s}"]).cells()[0].experiment)[0] for s in (0.1, 0.2)
    )
    assert isinstance(one, MeasureStage)
    assert isinstance(other, MeasureStage)
    assert one.finished.prior.key == other.finished.prior.key
    assert one.finished.drawn.key != other.finished.drawn.key
    assert one.key != other.key
