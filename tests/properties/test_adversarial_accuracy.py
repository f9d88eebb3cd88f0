"""Adversarial accuracy against a model whose worst images are known, and its budget in every row."""

import pytest
import torch
from torch import nn

from tombola.errors import RequestError
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.outcomes import Outcomes
from tombola.properties._base import Measurement, Property
from tombola.properties.adversarial_accuracy import AdversarialAccuracy

from .toy_task import ToyTask, brightness_net


def measure(net: Network, seed: int = 0, **options: object) -> list[Measurement]:
    found = Property.parse({"name": "adversarial_accuracy", **options})
    return found.measure(net, ToyTask(), seed=seed, session=Session())


def test_lost_are_the_wrong_one_and_those_within_eps_of_the_middle() -> None:
    # brightness 120, 130 and 140 are within 16 of the middle, 127.5; 110 and 150 are not
    attack = {"name": "pgd", "eps": "16/255", "steps": 5}
    robust, clean = measure(brightness_net(), attack=attack)
    assert clean.value == pytest.approx(100 * 25 / 26)
    assert robust.value == pytest.approx(100 * (25 - 3) / 26)


def test_samples_are_the_first_of_the_test_split() -> None:
    robust, clean = measure(brightness_net(), samples=5, attack={"name": "pgd", "eps": 0})
    assert (robust.samples, clean.samples) == (5, 5)
    assert robust.value == clean.value == pytest.approx(80.0)
    with pytest.raises(RequestError, match="26 samples"):
        measure(brightness_net(), samples=27)


def test_the_whole_budget_is_recorded() -> None:
    for found in measure(brightness_net(), samples=2):
        assert found.detail == {
            "attack": "pgd",
            "norm": "linf",
            "eps": 8 / 255,
            "steps": 20,
            "step": 2 / 255,
            "random_start": True,
            "keep_best": False,
            "restarts": 1,
            "bn": "eval",
        }


def test_the_result_does_not_depend_on_the_batch_and_the_model_comes_back() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        body = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(48, 2))
    net = Network(body, source="toy").train()
    attack = {"name": "pgd", "eps": "12/255", "steps": 1, "step": "1/255"}
    values = [[m.value for m in measure(net, attack=attack, batch=batch)] for batch in (1, 7, 64)]
    assert values[0] == values[1] == values[2]
    assert net.training
    assert all(parameter.requires_grad and parameter.grad is None for parameter in net.parameters())


def test_batch_is_not_in_the_identity_and_the_attack_is() -> None:
    usual = AdversarialAccuracy()
    assert AdversarialAccuracy(batch=3).identity() == usual.identity()
    assert AdversarialAccuracy(attack={"name": "pgd", "steps": 7}).identity() != usual.identity()


def test_a_softmaxed_model_is_flagged_under_any_attack() -> None:
    net = brightness_net()
    soft = Network(nn.Sequential(*net.body.children(), nn.Softmax(1)), source="toy", head="2")
    with pytest.warns(UserWarning, match="leave out the softmax"):
        robust, _ = measure(soft, attack={"name": "pgd", "eps": "16/255", "steps": 2})
    assert "probabilities" in str(robust.detail["flags"])
    assert "flags" not in measure(net, attack={"name": "pgd", "eps": "16/255", "steps": 2})[0].detail


def test_the_rows_say_which_images_stood() -> None:
    robust, clean = measure(brightness_net(), attack={"name": "pgd", "eps": "16/255", "steps": 5})
    lost = Outcomes.parse(clean.outcomes).table() & ~Outcomes.parse(robust.outcomes).table()
    assert lost.nonzero()[0].tolist() == [12, 13, 14]


def test_an_attack_of_parts_says_what_each_broke_and_what_is_doubtful() -> None:
    attack = {"name": "autoattack", "suite": "lite", "eps": "16/255"}
    with pytest.warns(UserWarning, match="fewer classes than targets"):
        robust, clean, *broken = measure(brightness_net(), attack=attack, batch=7)
    assert robust.value == pytest.approx(100 * (25 - 3) / 26)
    assert [each.metric for each in broken] == ["broken_by_apgd_ce", "broken_by_apgd_t", "broken_by_square"]
    assert sum(each.value for each in broken) == pytest.approx(clean.value - robust.value)
    assert {each.better for each in broken} == {"neither"}
    for found in (robust, clean, *broken):
        assert str(found.detail["comparable"]).startswith("no")
        assert "DLR is the margin" in str(found.detail["dropped"])
        assert str(found.detail["flags"]).startswith("fewer classes than targets: 25 of 25 images")
