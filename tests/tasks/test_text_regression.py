"""Text regression: numbers are learned, sets go to the task that asks for what they have, correlations are scipy's."""

from pathlib import Path
from typing import Any

import pytest
import torch
from scipy.stats import pearsonr, spearmanr

from tombola import verbs
from tombola.data._text_tried import scored, table
from tombola.errors import DataError, RequestError, StageError
from tombola.models.network import Network
from tombola.rows import Row
from tombola.tasks._base import Task

from .toy_reader import reader

FIT = {"epochs": "60it", "batch": 12, "optimizer": {"name": "adamw", "lr": 0.03}, "schedule": "linear"}


def own(folder: Path, **options: Any) -> Task:
    return Task.parse({"name": f"text_regression:{scored(folder)}", "tokenizer": "plain:300", **options})


def correlations(network: Network, task: Task) -> dict[str, Row]:
    return {row.metric: row for row in verbs.measure(network, task, ["pearson", "spearman"])}


def test_numbers_are_learned_and_correlations_are_scipys(tmp_path: Path) -> None:
    task = own(tmp_path)
    trained = verbs.pretrain(reader(300), task, FIT)
    found, test = correlations(trained, task), task.splits().test
    batch = test.take(torch.arange(len(test)))
    with torch.no_grad():
        told = trained.eval()(batch.x, **batch.more)[:, 0].double().numpy()
    true = batch.targets.double().numpy()
    line, order = pearsonr(told, true), spearmanr(told, true)
    assert found["pearson"].value == pytest.approx(line.statistic, abs=1e-6)
    assert found["spearman"].value == pytest.approx(order.statistic, abs=1e-6)
    assert found["pearson"].value > 0.9
    low, high = line.confidence_interval(0.95)
    assert [found["pearson"].detail[end] for end in ("low", "high")] == pytest.approx([low, high], abs=1e-6)
    assert found["spearman"].detail["low"] < found["spearman"].value < found["spearman"].detail["high"]  # type: ignore[operator]


def test_a_score_is_a_half_where_the_number_is_one_off(tmp_path: Path) -> None:
    outputs, targets = torch.tensor([[2.0], [3.0], [torch.nan]]), torch.tensor([2.0, 2.0, 2.0])
    task = own(tmp_path)
    assert task.losses(outputs, targets)[:2].tolist() == [0.0, 1.0]
    scores = task.scores(outputs, targets)
    assert scores[:2].tolist() == [1.0, 0.5]
    assert bool(scores[2].isnan())


def test_one_number_for_all_has_no_correlation(tmp_path: Path) -> None:
    task = own(tmp_path)
    model = task.head(reader(300), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.head.get_parameter("weight").zero_()
    with pytest.raises(StageError, match="pearson: the net tells the same number everywhere, and no correlation"):
        verbs.measure(model, task, "pearson")


def test_a_set_goes_to_the_task_that_asks_for_what_it_has(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="stsb has an answer that is a number, and text wants one a sample; write"
                       " text_regression:stsb"):  # fmt: skip
        Task.parse({"name": "text:stsb", "tokenizer": "plain"})
    with pytest.raises(RequestError, match="prose has an answer a sample, and text_regression wants one that is a"):
        Task.parse("text_regression:prose")
    with pytest.raises(DataError, match="the label 'calm' is no number; write numbers, or the task text:FILE"):
        Task.parse({"name": f"text_regression:{table(tmp_path)}", "tokenizer": "plain"}).splits()
    (tmp_path / "one.csv").write_text("text,label\n" + "".join(f"good {n},2.5\n" for n in range(30)))
    with pytest.raises(DataError, match=r"texts: every text has the number 2\.5; telling them needs two or more"):
        Task.parse({"name": f"text_regression:{tmp_path / 'one.csv'}", "tokenizer": "plain"}).splits()
    with pytest.raises(RequestError, match="accuracy is the share of samples told right, and text_regression has a"
                       " target that is a number"):  # fmt: skip
        verbs.measure(reader(300), own(tmp_path), "accuracy")


def test_a_ticket_is_drawn_and_finetuned_and_a_share_is_taken(tmp_path: Path) -> None:
    task, model = own(tmp_path, fraction=0.5), reader()
    assert len(task.splits().train) == round(0.5 * len(own(tmp_path).splits().train))
    ticket = verbs.draw(model, {"name": "omp", "sparsity": 0.5, "prunable": "bert"}, task=task)
    adapted = verbs.transfer(model, ticket, task, {"name": "finetune", "fit": FIT})
    assert correlations(adapted, task)["pearson"].value > 0.5
    with pytest.raises(RequestError, match="transfer linear solves for one label a sample"):
        verbs.transfer(model, ticket, task, "linear")
