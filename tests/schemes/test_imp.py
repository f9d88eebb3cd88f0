"""IMP: every level trains, prunes exactly so many, goes back bit for bit; every option does what it says."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fitting.toys import Toy, network
from tests.schemes.toys import FIT, climb, imp, last

from tombola.errors import OptionError, RequestError, TicketError
from tombola.fitting.fit import Fit
from tombola.fitting.session import Session, Silent
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.prunable import prunable
from tombola.schemes._base import Scheme
from tombola.schemes._rewound import digest_of
from tombola.schemes.imp import IMP
from tombola.spec import build

TOTAL = 6 * 3 * 9 + 8 * 6 * 9


def test_a_ladder_is_nested_and_prunes_round_rate_times_what_remains() -> None:
    rungs = climb(imp(level=4))
    kept = [rung.ticket.masks.kept for rung in rungs]
    assert kept == [297, 149, 75, 37]  # round(37.5) is 38: halves go to the even
    assert all(b.ticket.masks.nested_in(a.ticket.masks) for a, b in pairwise(rungs))


def test_the_last_level_ends_exactly_at_the_sparsity_asked_for() -> None:
    rungs = climb(imp(sparsity=0.8))
    assert [round(rung.ticket.sparsity, 2) for rung in rungs] == [0.5, 0.8]
    assert rungs[-1].ticket.masks.kept == TOTAL - round(0.8 * TOTAL)


def test_a_training_that_prunes_what_the_level_is_to_keep_is_refused() -> None:
    prune = {"name": "prune", "sparsity": 0.9, "every": "1it"}
    with pytest.raises(RequestError, match=r"imp: in the training of level 2 prune prunes \d+ weights that its ticket"):
        climb(imp(level=2, fit={**FIT, "changes": [prune]}))
    rungs = climb(imp(level=2, fit={**FIT, "changes": [{**prune, "sparsity": 0.6}]}))
    assert [rung.ticket.masks.kept for rung in rungs] == [297, 149]


def test_a_state_behind_the_training_is_no_state_to_rewind_to() -> None:
    with pytest.raises(RequestError, match=r"goes back to 90it, and fit\.epochs=2ep of this task are \d+ steps, so"):
        climb(imp(level=2, rewind="early:90it"))


def test_level_one_of_prune_first_is_omp_and_needs_no_task() -> None:
    scheme = imp(level=1)
    assert not scheme.needs_task
    model = network()
    omp = Scheme.parse({"name": "omp", "sparsity": 0.5})
    (ticket,) = omp.draw(model, None, seed=0, session=Session())
    assert last(scheme, model).masks == ticket.masks


def test_a_later_level_is_drawn_from_trained_weights() -> None:
    model = network()
    first, second = climb(imp(level=2), model)
    recipe = build(Fit, FIT)
    trained = recipe.run(
        Toy().head(model, generator=_head_generator()), Toy(), masks=first.ticket.masks, seed=0, session=Session()
    )
    weights = torch.cat([weight.detach().abs().flatten() for weight in prunable(trained.body).values()])
    kept = torch.cat([mask.flatten() for mask in second.ticket.masks.values()])
    assert float(weights[kept].min()) >= float(weights[~kept].max())


def test_a_second_draw_is_the_same_and_another_seed_is_not() -> None:
    assert last(imp(level=2)).masks == last(imp(level=2)).masks
    assert last(imp(level=2), seed=1).masks != last(imp(level=2)).masks


def test_the_model_is_not_changed_and_tickets_are_mask_only() -> None:
    model = network()
    before = weights_digest(model)
    for rung in climb(imp(level=3), model):
        assert rung.ticket.weights is None
        assert rung.ticket.lineage.weights_digest == weights_digest(model.body)
        assert not rung.carried
    assert weights_digest(model) == before


def test_adversarial_imp_is_imp_under_another_objective() -> None:
    attack = {"name": "pgd", "eps": 0.1, "steps": 2}
    robust = last(imp(level=2, fit={**FIT, "objective": {"name": "adversarial", "attack": attack}}))
    assert robust.masks != last(imp(level=2)).masks
    assert robust.lineage.objective is not None
    assert robust.lineage.objective["name"] == "adversarial"


# Rewinding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rewind", ["pretrained", "initial", "early:2it", "finetuned"])
@pytest.mark.parametrize("first", ["prune", "train"])
def test_every_level_goes_back_to_one_state_bit_for_bit(rewind: str, first: str) -> None:
    model = network()
    states = {rung.ticket.lineage.extra["rewound"] for rung in climb(imp(level=3, rewind=rewind, first=first), model)}
    assert len(states) == 1
    assert (states == {digest_of(model)}) == (rewind == "pretrained")


@pytest.mark.parametrize("rewind", ["initial", "early:2it", "finetuned"])
def test_a_ticket_of_another_state_holds_that_states_surviving_values(rewind: str) -> None:
    model = network()
    scheme = imp(level=2, rewind=rewind)
    ticket = last(scheme, model)
    assert isinstance(scheme, IMP)
    state = scheme.rewind.state(
        Toy().head(model, generator=_head_generator()), Toy(), scheme.fit, seed=0, session=Session()
    )
    assert ticket.weights is not None
    own = model.body.state_dict()
    for name, value in state.body.state_dict().items():
        if name.startswith("9."):  # the head stays the model's own
            assert torch.equal(ticket.weights[name], own[name])
        elif name in ticket.masks:
            assert torch.equal(ticket.weights[name], value * ticket.masks[name])
        else:
            assert torch.equal(ticket.weights[name], value)  # batch norm's statistics among them


def test_the_rewound_batch_norm_is_the_pretrained_one() -> None:
    model = network()
    for module in model.body.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-1, 1)  # type: ignore[union-attr]  # it tracks them
    ticket = last(imp(level=2), model)
    applied = model.copy()
    ticket.apply(applied.body, digest=weights_digest(model.body))
    for name, value in model.body.state_dict().items():
        if name not in ticket.masks:
            assert torch.equal(applied.body.state_dict()[name], value)


def test_a_state_that_changed_between_levels_is_noticed() -> None:
    scheme = imp(level=2)
    (first, _), other = climb(scheme), network(seed=5)
    with pytest.raises(TicketError, match="the state to rewind to is not the one"):
        scheme.rung(other, Toy(), first, seed=0, session=Session())


def test_training_goes_on_where_the_early_state_was_taken() -> None:
    scheme = imp(level=1, rewind="early:2it", first="train")
    assert isinstance(scheme, IMP)
    dense = scheme.fit.run(Toy().head(network(), generator=_head_generator()), Toy(), seed=0, session=Session())
    plain = {"name": "sgd", "lr": 0.05, "momentum": 0.0}
    scheme = imp(level=1, rewind="early:2it", first="train", fit={**FIT, "optimizer": plain})
    assert isinstance(scheme, IMP)
    dense = scheme.fit.run(Toy().head(network(), generator=_head_generator()), Toy(), seed=0, session=Session())
    weights = prunable(dense.body)
    expected = _smallest_pruned(weights, 0.5)
    assert last(scheme).masks == expected


# Heads, schedules, patterns ---------------------------------------------------------------------------------------


def test_a_kept_head_is_trained_on_and_a_fresh_one_is_not() -> None:
    kept, fresh = climb(imp(level=4, head="kept")), climb(imp(level=4))
    assert [sorted(rung.carried) for rung in kept] == [[]] + [["head/bias", "head/weight"]] * 3
    assert kept[1].ticket.masks == fresh[1].ticket.masks  # the first training starts from the same head
    assert kept[2].ticket.masks != fresh[2].ticket.masks
    assert not torch.equal(kept[1].carried["head/weight"], kept[2].carried["head/weight"])


def test_a_pretrained_head_must_fit_the_task() -> None:
    wide = network().with_head(7, generator=_head_generator())
    with pytest.raises(RequestError, match="7 outputs and the task 3 classes; write head=fresh"):
        climb(imp(level=2, head="pretrained"), wide)
    assert len(climb(imp(level=2, head="pretrained"))) == 2


def test_one_schedule_over_the_run_is_another_training() -> None:
    drawn = {name: last(imp(level=3, schedule=name)).masks for name in ("per_level", "whole_run", "restarted")}
    assert len({masks.digest() for masks in drawn.values()}) == 3


def test_the_levels_of_one_schedule_know_how_long_it_is() -> None:
    scheme = imp(level=3, schedule="whole_run")
    assert [rung.identity()["levels"] for rung in scheme.chain()] == [3, 3, 3]
    assert [rung.identity()["levels"] for rung in imp(level=3).chain()] == [None] * 3


@pytest.mark.parametrize("pattern", ["stripe:2", "row", "kernel", "channel"])
def test_patterns_hold_at_every_level(pattern: str) -> None:
    rungs = climb(imp(level=2, pattern=pattern, budget="uniform"))
    for rung in rungs:
        for mask in rung.ticket.masks.values():
            groups = mask if pattern != "stripe:2" else mask.view(-1, 2, *mask.shape[1:]).transpose(1, -1)
            axes = {"stripe:2": (-1,), "row": (-1,), "kernel": (-2, -1), "channel": (1, 2, 3)}[pattern]
            assert bool((groups.all(axes) == groups.any(axes)).all())
    assert rungs[1].ticket.masks.nested_in(rungs[0].ticket.masks)


def test_a_budget_of_operations_takes_the_tasks_image_size() -> None:
    scheme = imp(level=1, budget="cost")
    assert scheme.needs_task
    assert not imp(level=1, budget="cost", image=8).needs_task
    assert last(scheme).masks == last(imp(level=1, budget="cost", image=8)).masks


# The chain --------------------------------------------------------------------------------------------------------


def test_a_longer_ladder_begins_with_the_shorter_one() -> None:
    short, long = imp(sparsity=0.7).chain(), imp(sparsity=0.9).chain()
    assert long[: len(short) - 1] == short[:-1]
    assert imp(level=3).chain()[:2] == imp(level=2).chain()
    assert imp(level=2, rewind="early:1it").chain()[0].identity()["level"] == 0


def test_a_listed_sparsity_is_the_level_of_every_longer_ladder() -> None:
    ladder = {"name": "listed", "sparsities": [0.3, 0.6, 0.9]}
    by_sparsity = imp(sparsity=0.6, ladder=ladder)
    assert by_sparsity == imp(level=2, ladder={"name": "listed", "sparsities": [0.3, 0.6]})
    assert imp(sparsity=0.9, ladder=ladder).chain()[:2] == by_sparsity.chain()
    ticket = last(by_sparsity)
    assert ticket.masks.kept == TOTAL - round(0.6 * TOTAL)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"level": 2, "sparsity": 0.5}, "both say where it ends; write one"),
        ({"level": 0}, "the lowest level with rewind=pretrained is 1"),
        ({"level": 2, "levels": 4}, "levels goes with schedule"),
        ({"level": -1}, "greater than or equal to 0"),
        ({"level": 2, "budget": {"name": "explicit", "layers": {"0": 0.5}}}, "explicit holds at one sparsity"),
        ({"level": 2, "rewind": "erly"}, "did you mean 'early'"),
        ({"level": 2, "ladder": "geometric:2"}, "less than 1"),
    ],
)
def test_requests_that_make_no_sense_are_explained(options: dict[str, Any], problem: str) -> None:
    with pytest.raises((OptionError, RequestError), match=problem):
        imp(**options)


def test_ninety_per_cent_unless_told() -> None:
    scheme = Scheme.parse("imp")
    assert isinstance(scheme, IMP)
    assert (scheme.sparsity, scheme.level, scheme.number) == (0.9, None, 10)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 99),
    rate=st.floats(0.1, 0.7),
    level=st.integers(1, 3),
    budget=st.sampled_from(["global", "uniform"]),
    optimizer=st.sampled_from([{"name": "sgd", "lr": 0.1, "weight_decay": 0.01}, {"name": "adamw", "lr": 0.01}]),
    rule=st.sampled_from(["double_win", "cv_lth", "open_lth"]),
)
def test_exact_counts_and_nesting_whatever_the_settings(
    seed: int, rate: float, level: int, budget: str, optimizer: dict[str, Any], rule: str
) -> None:
    fit = {**FIT, "epochs": "2it", "optimizer": optimizer}
    scheme = imp(level=level, ladder={"name": "geometric", "rate": rate}, fit=fit, budget=budget, prunable=rule)
    rungs = climb(scheme, network(seed), seed=seed)
    pruned = 0
    for before, rung in zip([None, *rungs], rungs, strict=False):
        masks = rung.ticket.masks
        pruned += round(rate * (masks.total - pruned))
        if budget == "global":
            assert masks.total - masks.kept == pruned
        assert before is None or masks.nested_in(before.ticket.masks)


def _head_generator() -> torch.Generator:
    from tombola.fitting.seeds import generator

    return generator(0, "head")


def _smallest_pruned(weights: dict[str, torch.Tensor], sparsity: float) -> Masks:
    from tombola.masks.budgets._base import Budget
    from tombola.masks.drawing import draw_masks
    from tombola.masks.patterns._base import Pattern

    return draw_masks(weights, sparsity, pattern=Pattern.parse("element"), budget=Budget.parse("global"))


def test_a_head_that_the_task_replaces_is_left_dense_and_said() -> None:
    wide = network().with_head(7, generator=_head_generator())
    heard: list[str] = []

    class Ears(Silent):
        def note(self, text: str) -> None:
            heard.append(text)

    scheme = imp(level=2, prunable="open_lth")
    tickets = list(scheme.draw(wide, Toy(), seed=0, session=Session(reporter=Ears())))
    assert all(set(ticket.masks) == {"0.weight", "3.weight"} for ticket in tickets)
    assert heard == ["imp leaves the head dense: 9.weight is another one for the task"]
    assert "9.weight" in last(imp(level=2, prunable="open_lth", head="pretrained")).masks


# Scores -----------------------------------------------------------------------------------------------------------


def test_magnitude_is_the_score_unless_told_and_leaves_the_key_as_it_was() -> None:
    assert imp(level=2, score="magnitude").identity() == imp(level=2).identity()
    assert "score" not in imp(level=2).identity()
    assert imp(level=2, score="magnitude:l2").digest() != imp(level=2).digest()


def test_a_score_that_looks_at_images_needs_the_task_from_level_one_on() -> None:
    assert imp(level=1, score="snip").needs_task
    assert imp(level=1, score="synflow").needs_task
    assert not imp(level=1, score="synflow", image=8).needs_task
    assert imp(level=1, score="random").seeded


@pytest.mark.parametrize("score", ["random", "snip", {"name": "synflow", "rounds": 3}])
def test_a_ladder_by_any_score_is_nested_with_exact_counts(score: Any) -> None:
    rungs = climb(imp(level=3, score=score))
    assert [rung.ticket.masks.kept for rung in rungs] == [297, 149, 75]
    assert all(b.ticket.masks.nested_in(a.ticket.masks) for a, b in pairwise(rungs))
    assert rungs[2].ticket.masks != last(imp(level=3)).masks
