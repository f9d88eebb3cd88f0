"""Adversarial training in the embeddings of words: the same objective and the same property as for pixels."""

from pathlib import Path
from typing import Any

import pytest
from tests.tasks.toy_reader import reader

from tombola import verbs
from tombola.data._text_tried import table
from tombola.fitting.fit import Fit
from tombola.models.network import Network
from tombola.tasks._base import Task

EPS = 2.0  # a text's embeddings are some 11 long


def fit(**options: Any) -> Fit:
    return Fit(epochs="80it", batch=12, optimizer={"lr": 0.03}, **options)


def measured(network: Network, task: Task, eps: float) -> dict[str, float]:
    attack = {"name": "pgd", "norm": "l2", "eps": eps, "steps": 3}
    rows = verbs.measure(network, task, [{"name": "adversarial_accuracy", "attack": attack}])
    return {row.metric: row.value for row in rows}


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return Task.parse({"name": f"text:{table(tmp_path)}", "tokenizer": "plain:300"})


@pytest.mark.slow
def test_training_on_worse_embeddings_makes_the_net_harder_to_fool(task: Task) -> None:
    attack = {"name": "adversarial", "attack": {"name": "pgd", "norm": "l2", "eps": EPS, "steps": 3, "step": EPS / 2}}
    natural = verbs.pretrain(reader(300), task, fit(preset="glue"))
    robust = verbs.pretrain(reader(300), task, fit(preset="glue", objective=attack))
    assert measured(natural, task, 0.0) == {"adversarial_accuracy": 100, "clean_accuracy": 100}
    assert measured(natural, task, EPS)["adversarial_accuracy"] < 50
    assert measured(robust, task, EPS)["adversarial_accuracy"] > 90


@pytest.mark.parametrize("shards", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_training_on_the_points_on_the_way_does_so_too(task: Task, shards: int) -> None:
    freelb = {"radius": EPS, "step": EPS / 2}
    robust = verbs.pretrain(reader(300), task, fit(preset="freelb", objective=freelb, shards=shards))
    assert measured(robust, task, 0.0)["clean_accuracy"] == 100
    assert measured(robust, task, EPS)["adversarial_accuracy"] > 80


def test_a_ticket_may_be_drawn_adversarially_on_texts(task: Task) -> None:
    robust = {"preset": "freelb", "epochs": "4it", "batch": 12}
    scheme = {"name": "imp", "sparsity": 0.4, "prunable": "bert", "fit": robust}
    ticket = verbs.draw(reader(300), scheme, task=task)
    assert sum(int((~ticket.masks[name]).sum()) for name in ticket.masks) == round(0.4 * 288)
