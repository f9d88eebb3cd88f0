"""A stranger to a house of images: a tiny BERT from random weights classifies sentences, as its user would have it.

It is drawn with one shot and with one round of IMP, transferred, measured, attacked and trained against attacks on the
embeddings of its words, saved, and read back where its folder is not.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

import tombola
from tombola import verbs
from tombola.data._base import Splits
from tombola.data._texts import Texts
from tombola.models.network import Network
from tombola.rows import Row
from tombola.tasks._base import Task

pytest.importorskip("transformers")

TINY = {
    "model_type": "bert", "vocab_size": 24, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 32, "max_position_embeddings": 32,
}  # fmt: skip
SHORT = {"batch": 16, "optimizer": {"name": "adamw", "lr": 0.005, "weight_decay": 0.0}, "schedule": "constant"}
PGD = {"name": "pgd", "eps": 0.15, "steps": 3}
CLS, FIRST, GOOD, LAST = 1, 4, 14, 23


def sentences(count: int, seed: int) -> Texts:
    """[CLS] and three to ten words: good ones (14 and up) in half of the sentences, others in the other half."""
    drawn = torch.Generator().manual_seed(seed)
    ids, labels = [], []
    for place in range(count):
        low, high = (GOOD, LAST + 1) if place % 2 else (FIRST, GOOD)
        words = torch.randint(low, high, (int(torch.randint(3, 11, (), generator=drawn)),), generator=drawn)
        ids.append(torch.cat([torch.tensor([CLS]), words]))
        labels.append(place % 2)
    return Texts(tuple(ids), torch.tensor(labels), ("bad", "good"), multiple=4)


class Sentences(Task):
    """Is the sentence made of good words?"""

    def splits(self) -> Splits[Texts]:
        return Splits(sentences(96, 0), sentences(32, 1), sentences(64, 2))

    def head(self, model: Network, *, generator: torch.Generator) -> Network:
        return model.with_head(2, generator=generator)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(outputs, targets, reduction="none")

    def scores(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return (outputs.argmax(1) == targets).float()


Sentences.name = "sentences"


@pytest.fixture
def bert(tmp_path: Path) -> str:
    """A folder with a configuration, and no weights."""
    (tmp_path / "bert").mkdir()
    (tmp_path / "bert" / "config.json").write_text(json.dumps(TINY))
    return f"hf:{tmp_path / 'bert'}"


def finetune(epochs: str = "6ep", **more: Any) -> dict[str, Any]:
    return {"name": "finetune", "fit": {**SHORT, "epochs": epochs, **more}}


def value(rows: list[Row], metric: str) -> float:
    (found,) = [row.value for row in rows if row.metric == metric]
    assert isinstance(found, float)
    return found


def attacked(network: Network) -> list[Row]:
    return verbs.measure(network, Sentences(), [{"name": "adversarial_accuracy", "attack": PGD}])


def test_it_is_drawn_transferred_measured_and_read_back_without_its_folder(bert: str, tmp_path: Path) -> None:
    drawn = tombola.draw(bert, {"name": "omp", "sparsity": 0.3, "prunable": "bert"})
    assert len(drawn.masks) == 13
    assert drawn.masks.sparsity == pytest.approx(0.3, abs=1e-4)
    assert not any("embeddings" in name or "classifier" in name for name in drawn.masks)
    ticket = tombola.Ticket.load(drawn.save(tmp_path / "x.ticket"))
    network = tombola.transfer(bert, ticket, Sentences(), finetune())
    assert value(tombola.measure(network, Sentences(), "accuracy"), "accuracy") > 90
    pruned = dict(network.body.named_parameters())
    assert all(not bool(pruned[name][~mask].any()) for name, mask in ticket.masks.items())

    kept = verbs.keep(network, ticket, Sentences()).save(tmp_path / "adapted.ticket")
    shutil.rmtree(tmp_path / "bert")
    again = verbs.applied(verbs.base_of(tombola.Ticket.load(kept)), tombola.Ticket.load(kept)).eval()
    batch = Sentences().splits().test.take(torch.arange(8))
    with torch.no_grad():
        torch.testing.assert_close(again(batch.x, **batch.more), network.eval()(batch.x, **batch.more))


def test_a_round_of_imp_trains_it(bert: str) -> None:
    imp = {
        "name": "imp", "sparsity": 0.2, "prunable": "bert", "ladder": {"name": "linear", "step": 0.1},
        "fit": {**SHORT, "epochs": "1ep"},
    }  # fmt: skip
    ticket = tombola.draw(bert, imp, task=Sentences())
    assert ticket.masks.sparsity == pytest.approx(0.2, abs=1e-3)
    shot = tombola.draw(bert, {"name": "omp", "sparsity": 0.2, "prunable": "bert"})
    assert any(not torch.equal(mask, shot.masks[name]) for name, mask in ticket.masks.items()), "training decided"


@pytest.mark.slow
def test_its_words_are_attacked_and_adversarial_finetuning_withstands_more(bert: str) -> None:
    ticket = tombola.draw(bert, {"name": "omp", "sparsity": 0.3, "prunable": "bert"})
    natural = tombola.transfer(bert, ticket, Sentences(), finetune())
    rows = attacked(natural)
    assert value(rows, "adversarial_accuracy") < value(rows, "clean_accuracy") - 30
    hardening = finetune("4ep", objective={"name": "adversarial", "attack": PGD})
    robust = tombola.transfer(natural, verbs.keep(natural, ticket, Sentences()), Sentences(), hardening)
    assert value(attacked(robust), "adversarial_accuracy") > value(rows, "adversarial_accuracy") + 30
