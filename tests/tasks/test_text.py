"""Text classification: how data are written, which nets may read them, and that padding counts for nothing."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tombola import verbs
from tombola.data._text_tried import table
from tombola.data._texts import Texts
from tombola.errors import DataError, ModelError, RequestError
from tombola.models.origin import Origin
from tombola.tasks._base import Task

from .toy_reader import reader

FIT = {"epochs": "60it", "batch": 12, "optimizer": {"name": "adamw", "lr": 0.03}, "schedule": "linear"}


def own(folder: Path, **options: Any) -> Task:
    return Task.parse({"name": f"text:{table(folder)}", "tokenizer": "plain:300", **options})


def test_a_file_is_written_where_a_sets_name_may_stand(tmp_path: Path) -> None:
    assert own(tmp_path).splits().classes == ("calm", "loud")
    assert (
        own(tmp_path).digest()
        == Task.parse(
            {"name": "text", "data": {"name": "texts", "path": tmp_path / "texts.jsonl", "tokenizer": "plain:300"}}
        ).digest()
    )
    assert "prose" in Task.parse("text:prose").tested()


def test_what_holds_no_texts_and_what_holds_nothing_else_are_sent_to_the_right_task() -> None:
    with pytest.raises(RequestError, match="digits holds no texts; write one of cola, mnli, mrpc, prose,"):
        Task.parse("text:digits")
    with pytest.raises(RequestError, match="prose holds texts; write text:prose"):
        Task.parse("prose")
    with pytest.raises(RequestError, match=r"Write tokenizer=FOLDER"):
        Task.parse("text:sst2")


def test_a_net_must_know_the_words_and_have_room_for_them(tmp_path: Path) -> None:
    task, drawn = own(tmp_path), torch.Generator().manual_seed(0)
    assert task.fits(task.head(reader(300), generator=drawn))
    with pytest.raises(
        ModelError, match=r"knows 300 words, and toy reader has vectors for 200; write tokenizer=FOLDER"
    ):
        task.head(reader(200), generator=drawn)
    with pytest.raises(ModelError, match=r"resnet8.* reads no words.*hf:FOLDER"):
        verbs.pretrain("resnet8", task, FIT)


def test_a_net_that_learned_other_words_is_refused(tmp_path: Path) -> None:
    task = own(tmp_path)
    network, other = verbs.pretrain(reader(300), task, {**FIT, "epochs": "1it"}), own(tmp_path, tokenizer="plain:299")
    assert verbs.measure(network, task, "accuracy")
    for use in (lambda: verbs.measure(network, other, "accuracy"), lambda: verbs.pretrain(network, other, FIT)):
        with pytest.raises(ModelError, match=r"learned texts with another tokeniser than plain:299"):
            use()
    assert verbs.pretrain(reader(300), other, {**FIT, "epochs": "1it"}).adapted == other.adapted()


def test_a_net_that_learned_its_words_elsewhere_is_refused_a_tokeniser_of_far_fewer(tmp_path: Path) -> None:
    task, model = own(tmp_path), reader(2000)
    assert task.fits(model)
    for name, refused in (("hf:bert", True), ("hf:bert@config", False)):
        model.origin = Origin(source={"name": name})
        if not refused:
            task.check_net(model)
            continue
        with pytest.raises(
            ModelError, match=r"plain:300\) knows 300 words, and .* learned vectors for 2,000, so it is"
        ):
            task.check_net(model)


def test_one_label_only_or_a_label_that_is_only_tested_is_no_task(tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("text,label\n" + "".join(f"good {n},1\n" for n in range(30)))
    with pytest.raises(DataError, match=r"texts: one label only \(1\); telling texts apart needs two or more"):
        Task.parse({"name": f"text:{tmp_path / 'one.csv'}", "tokenizer": "plain"}).splits()
    (tmp_path / "none.txt").write_text("\n".join(f"good {n}" for n in range(30)))
    with pytest.raises(DataError, match="texts: no labels"):
        Task.parse({"name": f"text:{tmp_path / 'none.txt'}", "tokenizer": "plain"}).splits()


def test_a_share_of_the_labels_is_each_class_by_its_share(tmp_path: Path) -> None:
    few, more = own(tmp_path, fraction=0.2).splits().train, own(tmp_path, fraction=0.6).splits().train
    assert isinstance(few, Texts)
    assert isinstance(more, Texts)
    assert few.labels.bincount().tolist() in ([4, 3], [3, 4])
    assert {tuple(ids.tolist()) for ids in few.ids} < {tuple(ids.tolist()) for ids in more.ids}


def test_a_share_of_one_class_is_no_task(tmp_path: Path) -> None:
    with pytest.raises(
        DataError,
        match=r"texts: all 1 training texts are of one class \((calm|loud)\), of 2; telling apart needs two or more"
        r" \(a larger fraction, where they were left out\)",
    ):
        own(tmp_path, fraction=0.02).splits()


@pytest.mark.parametrize("how", ["linear", {"name": "finetune", "fit": FIT}])
def test_a_ticket_is_drawn_adapted_and_measured(how: Any, tmp_path: Path) -> None:
    task, model = own(tmp_path), reader()
    ticket = verbs.draw(model, {"name": "omp", "sparsity": 0.5, "prunable": "bert"}, task=task)
    adapted = verbs.transfer(model, ticket, task, how)
    rows = verbs.measure(adapted, task, ["accuracy", "matthews", "f1"])
    found = {row.metric: row.value for row in rows}
    assert found["accuracy"] == 100
    assert found["matthews"] == pytest.approx(1.0)
    assert found["f1"] == 100
    mask = ticket.masks["layers.1.weight"]
    assert bool((adapted.body.get_parameter("layers.1.weight")[~mask] == 0).all())


def test_an_image_nets_training_of_texts_is_warned_of(tmp_path: Path) -> None:
    task, model = own(tmp_path), reader()
    ticket = verbs.draw(model, {"name": "omp", "sparsity": 0.5, "prunable": "bert"}, task=task)
    with pytest.warns(
        UserWarning, match=r"text: texts are trained by gradient descent at lr=.*write fit: \{preset: glue\}"
    ):
        verbs.transfer(model, ticket, task, {"name": "finetune", "fit": {"epochs": "1it"}})
    verbs.transfer(model, ticket, task, {"name": "finetune", "fit": {"preset": "glue", "epochs": "1it"}})


def test_longer_padding_changes_no_answer() -> None:
    transformers = pytest.importorskip("transformers")
    del transformers
    task = Task.parse({"name": "text:prose", "num_train": 40, "tokenizer": "plain:300"})
    config = (
        '{"model_type": "bert", "vocab_size": 300, "hidden_size": 16, "num_hidden_layers": 2,'
        ' "num_attention_heads": 2, "intermediate_size": 16, "max_position_embeddings": 72}'
    )
    model = verbs.as_network({"name": "hf:x@config", "config": config}).eval()
    texts = task.splits().train
    assert isinstance(texts, Texts)
    batch = texts.take(torch.arange(4))
    with torch.no_grad():
        short = model(batch.x, **batch.more)
        grown = {"attention_mask": torch.nn.functional.pad(batch.more["attention_mask"], (0, 8))}
        long = model(torch.nn.functional.pad(batch.x, (0, 8)), **grown)
    torch.testing.assert_close(long, short, rtol=1e-5, atol=1e-5)
    wide = task.replace(data={"name": "prose", "length": 80, "tokenizer": "plain:300"})
    with pytest.raises(ModelError, match=r"length=80: .* takes texts of 72 tokens at most; write length=72"):
        wide.head(model, generator=torch.Generator().manual_seed(0))
