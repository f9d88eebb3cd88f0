"""Masked language modelling: only words asked for pass the vocabulary, it learns, and its tickets go to other tasks."""

from typing import Any

import pytest
import torch

from tombola import verbs
from tombola.data._hidden_words import NOTHING
from tombola.data._text_set import TextSet
from tombola.errors import ModelError, RequestError, StageError
from tombola.models.heads.mlm import TiedDecoder
from tombola.models.prunable import prunable
from tombola.tasks._base import Task

from .toy_reader import reader

DATA = {"name": "prose", "num_train": 40, "tokenizer": "plain:300"}
FIT: dict[str, Any] = {"epochs": "30it", "batch": 20, "optimizer": {"name": "adamw", "lr": 0.03}, "schedule": "linear"}


def mlm(**options: Any) -> Task:
    return Task.parse({"name": "mlm", "data": DATA, **options})


def test_a_task_of_one_file_parts_long_texts_unless_told_to_cut() -> None:
    assert Task.parse("mlm:prose").identity()["data"]["longer"] == "part"  # type: ignore[index,call-overload]
    cut = Task.parse({"name": "mlm:prose", "longer": "cut"})
    assert cut.identity()["data"]["longer"] == "cut"  # type: ignore[index,call-overload]
    with pytest.raises(RequestError, match="digits holds no texts"):
        Task.parse("mlm:digits")


def test_the_head_answers_where_asked_and_nowhere_else() -> None:
    task = mlm()
    model = task.head(reader(310), generator=torch.Generator().manual_seed(0)).eval()
    assert isinstance(model.head, TiedDecoder)
    assert task.fits(model)
    assert not task.fits(reader(310))
    batch = task.splits().test.take(torch.arange(3))
    with torch.no_grad():
        outputs = model(batch.x, **batch.more)
        everywhere = model(batch.x, attention_mask=batch.more["attention_mask"])
    assert outputs.shape == (*batch.targets.shape, 310)
    wanted = everywhere.gather(1, batch.more["at"][..., None].expand(-1, -1, 310))
    torch.testing.assert_close(outputs, wanted, rtol=1e-5, atol=1e-5)
    with pytest.raises(ModelError, match="knows 300 words"):
        task.head(reader(200), generator=torch.Generator().manual_seed(0))


def test_a_head_of_hidden_words_is_gone_on_from() -> None:
    task = mlm()
    begun = task.head(reader(310), generator=torch.Generator().manual_seed(0))
    going_on = task.head(begun, generator=torch.Generator().manual_seed(1))
    assert going_on is not begun
    mine, theirs = begun.state_dict(), going_on.state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_losses_and_scores_are_means_over_a_texts_own_words() -> None:
    outputs = torch.zeros(2, 2, 4)
    outputs[0, 0, 3] = outputs[0, 1, 1] = outputs[1, 0, 2] = 2.0
    targets = torch.tensor([[3, 0], [2, NOTHING]])
    losses, scores = mlm().losses(outputs, targets), mlm().scores(outputs, targets)
    right, wrong = (-torch.log_softmax(torch.tensor([2.0, 0, 0, 0]), 0)[place] for place in (0, 1))
    torch.testing.assert_close(losses, torch.stack([(right + wrong) / 2, right]))
    assert scores.tolist() == [0.5, 1.0]


def test_a_net_that_answers_nan_has_no_perplexity() -> None:
    model = mlm().head(reader(310), generator=torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        model.head.get_parameter("bias").fill_(torch.nan)
    with pytest.raises(StageError, match="outputs hold NaN"):
        verbs.measure(model, mlm(), "perplexity")


def test_views_hide_other_words_of_the_same_texts() -> None:
    task = mlm()
    batch = task.splits().train.take(torch.arange(6))
    one, other = (task.views(batch, generator=torch.Generator().manual_seed(seed)) for seed in (1, 2))
    assert one.more["at"].shape == other.more["at"].shape
    assert not torch.equal(one.more["at"], other.more["at"])
    again = task.views(one, generator=torch.Generator().manual_seed(2))
    assert torch.equal(again.x, other.x)


def test_only_the_first_step_of_a_training_asks_the_tokeniser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking one may read and hash its files, which every step must not pay for."""
    task = mlm()
    batch = task.splits().train.take(torch.arange(6))
    task.views(batch, generator=torch.Generator().manual_seed(0))
    monkeypatch.setattr(TextSet, "cutting", lambda _: pytest.fail("a step asked for the tokeniser"))
    assert len(task.views(batch, generator=torch.Generator().manual_seed(1))) == 6


def test_training_lowers_perplexity_and_the_table_is_in_no_mask() -> None:
    task, model = mlm(), reader(300)
    (before, *_), (after, told) = (
        verbs.measure(network, task, "perplexity")
        for network in (task.head(model, generator=torch.Generator().manual_seed(0)), verbs.pretrain(model, task, FIT))
    )
    assert after.value < before.value
    assert told.metric == "words_told"
    assert list(prunable(task.head(model, generator=torch.Generator()).body, "bert")) == [
        "layers.0.weight", "layers.1.weight",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_ticket_drawn_on_hidden_words_is_transferred_to_text() -> None:
    source, target = mlm(), Task.parse({"name": "text", "data": DATA})
    prior = verbs.pretrain(reader(300), source, FIT)
    scheme = {"name": "imp", "sparsity": 0.5, "prunable": "bert", "head": "kept", "fit": FIT}
    ticket = verbs.draw(prior, scheme, task=source)
    adapted = verbs.transfer(prior, ticket, target, "linear")
    (row, *_) = verbs.measure(adapted, target, "accuracy")
    assert row.value > 100 / 6
    mask = ticket.masks["layers.0.weight"]
    assert bool((adapted.body.get_parameter("layers.0.weight")[~mask] == 0).all())
    with pytest.raises(RequestError, match="transfer linear solves for one label a sample, and mlm has one a token"):
        verbs.transfer(prior, ticket, source, "linear")
