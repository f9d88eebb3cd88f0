"""Spans: padding counts for nothing, places are learned, and answers are judged as SQuAD's own script does."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tombola import verbs
from tombola.data._passages import Answer, Passages, Question
from tombola.data._text_tried import asked_about
from tombola.errors import DataError, RequestError
from tombola.properties._answers_told import best_span, exact, judged, normalised, overlap
from tombola.tasks._base import Task

from .toy_reader import reader

FIT: dict[str, Any] = {"epochs": "250it", "batch": 16, "optimizer": {"name": "adamw", "lr": 0.02}}


def spans(folder: Path, **options: Any) -> Task:
    short = {"tokenizer": "plain:300", "length": 32, "stride": 8, "asked": 8}
    return Task.parse({"name": f"spans:squad:{asked_about(folder)}", **short, **options})


def test_what_fills_a_window_up_counts_for_nothing(tmp_path: Path) -> None:
    task = spans(tmp_path)
    outputs, targets = torch.randn(2, 5, 2), torch.tensor([[1, 2, 4], [0, 0, 5]])
    longer = torch.cat([outputs, torch.full((2, 3, 2), 50.0)], 1)
    torch.testing.assert_close(task.losses(outputs, targets), task.losses(longer, targets))
    sure = outputs.clone()
    sure[0, 1, 0] = sure[0, 2, 1] = 99.0
    sure[1, 3] = 99.0
    assert task.scores(sure, targets).tolist() == [1.0, 0.0]
    sure[0, 4, 0] = torch.nan
    assert bool(task.scores(sure, targets)[0].isnan())
    with pytest.raises(DataError, match=r"outputs of shape \(2, 2\) .*: the network has no head of spans; transfer"):
        task.losses(outputs[:, 0], targets)


@pytest.mark.slow
def test_places_are_learned_and_a_ticket_keeps_them(tmp_path: Path) -> None:
    task, model = spans(tmp_path), reader()
    trained = verbs.pretrain(model, task, FIT)
    assert task.fits(trained)
    assert not task.fits(model)
    before = task.head(model, generator=torch.Generator().manual_seed(0))
    batch = task.splits().train.take(torch.arange(16))
    with torch.no_grad():
        scores = [task.scores(one.eval()(batch.x, **batch.more), batch.targets).mean() for one in (before, trained)]
    assert scores[1] > scores[0] + 0.3
    found = {row.metric: row.value for row in verbs.measure(trained, task, ["exact_match", "answer_f1"])}
    assert 0 <= found["exact_match"] <= found["answer_f1"] <= 100
    ticket = verbs.draw(trained, {"name": "omp", "sparsity": 0.5, "prunable": "bert"}, task=task)
    adapted = verbs.transfer(trained, ticket, task, {"name": "finetune", "fit": {**FIT, "epochs": "5it"}})
    assert verbs.measure(adapted, task, "exact_match")[0].samples == 6
    with pytest.raises(RequestError, match="accuracy is the share of samples told right, and spans has a target a"):
        verbs.measure(adapted, task, "accuracy")


def test_the_answer_told_is_the_likeliest_of_all_windows(tmp_path: Path) -> None:
    """A net that is made to point at the answers gets them all, however many windows there are."""
    task = spans(tmp_path, length=20, stride=4)
    test = task.splits().test
    assert isinstance(test, Passages)
    assert len(test) > len(test.questions)

    labels = test.labels

    class Knows(torch.nn.Module):
        """Sure of each window's target, and surer where the answer is."""

        def __init__(self) -> None:
            super().__init__()
            self.words = torch.nn.Embedding(300, 2)
            self.head = torch.nn.Linear(2, 2)
            self.seen = 0

        def forward(self, ids: torch.Tensor, **_more: torch.Tensor) -> torch.Tensor:
            asked = labels[self.seen : self.seen + len(ids)]
            self.seen += len(ids)
            places = torch.arange(ids.shape[1])
            told = (places[None, :, None] == asked[:, None, :2]).float()
            found: torch.Tensor = self.head(self.words(ids)) * 0 + told * (1 + 8 * (asked[:, :1, None] > 0))
            return found

    from tombola.models.inputs.tokens import Words
    from tombola.models.network import Network

    network = Network(Knows(), Words(), source="knows", head="head").eval()
    (row,) = verbs.measure(network, task, "exact_match")
    assert (row.value, row.samples, row.outcomes != "") == (100, len(test.questions), True)


def test_a_span_is_inside_ordered_and_not_too_long() -> None:
    outputs = torch.zeros(6, 2)
    outputs[:, 0] = torch.tensor([9.0, 0, 5, 0, 4, 0])
    outputs[:, 1] = torch.tensor([9.0, 7, 0, 0, 0, 6])
    inside = torch.tensor([False, True, True, True, True, True])
    assert best_span(outputs, inside) == (11.0, 2, 5)
    assert best_span(outputs, inside, longest=2) == (10.0, 4, 5)
    assert best_span(outputs, inside, best=1)[0] == -torch.inf, "the best end stands before the best begin"
    assert best_span(outputs, torch.zeros(6, dtype=torch.bool)) == (-torch.inf, 0, 0)


@pytest.mark.parametrize(
    ("told", "answer", "same", "shared"),
    [
        ("The Normans", "normans", 1.0, 1.0),
        ("in 1066.", "1066", 0.0, 2 / 3),
        ("Saint-Denis", "saintdenis", 1.0, 1.0),
        ("an  apple\ta day", "apple day", 1.0, 1.0),
        ("river river", "river", 0.0, 2 / 3),
        ("theory", "ory", 0.0, 0.0),
        ("the", "a", 1.0, 0.0),
        ("", "stone", 0.0, 0.0),
    ],
)
def test_answers_are_compared_as_the_published_script_does(told: str, answer: str, same: float, shared: float) -> None:
    """Worked out by hand from evaluate-v1.1.py, whose F1 is 0 where no word is shared, even of nothing with nothing."""
    assert exact(told, answer) == same
    assert overlap(told, answer) == pytest.approx(shared)


def test_of_several_answers_the_nearest_counts() -> None:
    question = Question("q", "?", "a quiet river", (Answer("quiet", 2), Answer("quiet river", 2)))
    assert judged([("the quiet River!", question)], exact).tolist() == [1.0]
    assert judged([("river", question)], overlap).tolist() == [pytest.approx(2 / 3)]
    assert normalised(" A-B, the c ") == "ab c"
