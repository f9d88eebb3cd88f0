"""The transfer `prompt`: rewards are the formula's, weights are untouched, and a prompted ticket is measured again."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from tests.transfers import words
from torch import Tensor

from tombola import verbs
from tombola.data._plain_words import PlainWords
from tombola.data._texts import Texts
from tombola.errors import DataError, ModelError, RequestError
from tombola.fitting.session import Session
from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.files import load_network, save_network
from tombola.models.inputs.template import Templated, inserted
from tombola.models.network import Network
from tombola.models.source import Source
from tombola.tasks._base import Task
from tombola.tasks.text import TextClassification
from tombola.tickets.ticket import Ticket
from tombola.transfers._base import Transfer
from tombola.transfers.prompt.form import Form, form_of
from tombola.transfers.prompt.kept import Kept
from tombola.transfers.prompt.reward import gaps, mean_log_odds, reward, z_scores
from tombola.transfers.prompt.rewards import Rewards
from tombola.transfers.prompt.verbaliser import class_words


def prompted(model: Network | None = None, seed: int = 0, session: Session | None = None, **options: Any) -> Network:
    way = Transfer.parse({"name": "prompt", **options})
    given = model or words.network()
    return way.adapt(given, words.masks(given), words.task(), seed=seed, session=session or Session())


def options_of(network: Network) -> dict[str, Any]:
    assert isinstance(network.normalise, Templated)
    return network.normalise.options.identity()


def record(network: Network) -> dict[str, Any]:
    assert network.adapted is not None
    assert network.adapted.found is not None
    return network.adapted.found


def test_the_reward_of_a_table_is_the_formulas() -> None:
    """Probabilities .8/.2 and .3/.7, both of the first class: 200 * .6 right, 180 * -.4 wrong, the mean of both."""
    table = torch.tensor([[0.8, 0.2], [0.3, 0.7]]).log()
    labels = torch.tensor([0, 0])
    torch.testing.assert_close(gaps(table, labels), torch.tensor([0.6, -0.4], dtype=torch.float64))
    assert reward(table, labels) == pytest.approx((200 * 0.6 - 180 * 0.4) / 2, abs=1e-4)
    three = torch.tensor([[0.5, 0.3, 0.2]]).log()
    assert gaps(three, torch.tensor([2])).item() == pytest.approx(-0.3, abs=1e-6)


def test_the_z_scores_of_equal_rewards_are_zero_and_of_others_have_spread_one() -> None:
    assert z_scores(torch.full((8,), 31.0)).tolist() == [0.0] * 8
    found = z_scores(torch.tensor([0.0, 10.0]))
    torch.testing.assert_close(found, torch.tensor([-1.0, 1.0]), atol=1e-4, rtol=0)


def test_calibration_takes_the_mean_log_odds_off() -> None:
    logits = torch.tensor([[2.0, 0.0], [4.0, 0.0]])
    offsets = mean_log_odds(logits)
    assert (offsets[0] - offsets[1]).item() == 3.0
    balanced = logits - offsets
    assert (balanced[:, 0] - balanced[:, 1]).mean().item() == 0
    assert balanced.argmax(1).tolist() == [1, 0]


def test_a_words_token_stands_behind_a_space_and_is_one() -> None:
    class Two(PlainWords):  # type: ignore[misc]  # a tokeniser that cuts one word in two
        def bare(self, text: str) -> list[int]:
            return [8, 9] if "outstanding" in text else super().bare(text)

    classes = ("negative", "positive")
    assert class_words({"negative": "bad", "positive": "good"}, classes, PlainWords(200)) == [
        *PlainWords(200).bare(" bad"), *PlainWords(200).bare(" good"),
    ]  # fmt: skip
    cases = {
        r"'outstanding' of class 'positive' is 2 tokens \('#8' \+ '#9'\)": {
            "negative": "bad",
            "positive": "outstanding",
        },
        "classes without a word: positive; .* words={negative: terrible, positive: great}": {"negative": "bad"},
        "the set has not: odd": {"negative": "bad", "positive": "good", "odd": "x"},
        "two classes have the same token": {"negative": "bad", "positive": "Bad"},
    }
    for message, given in cases.items():
        with pytest.raises(RequestError, match=message):
            class_words(given, classes, Two(200))
    assert class_words({}, classes, PlainWords(200)) == [*PlainWords(200).bare("negative positive")]


class Table:
    """A reader of two texts whose logits a table has, and which counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []

    def logits(self, prompt: tuple[int, ...]) -> Tensor:
        self.asked.append(prompt)
        return torch.tensor([[sum(prompt), 1.0], [0.0, 1.0]])


def test_rewards_are_asked_once_and_different_prompts_are_counted(tmp_path: Path) -> None:
    kept, labels = Kept(tmp_path / "rewards.jsonl", "two texts"), torch.tensor([0, 1])
    table = Table()
    rewards = Rewards(table, labels, calibrated=False, kept=kept)
    first = rewards([(1,), (2,), (1,)])
    assert first[0] == first[2]
    assert (rewards.calls, table.asked) == (2, [(1,), (2,)])
    assert rewards.best() == ((2,), first[1].item())
    again = Table()
    resumed = Rewards(again, labels, calibrated=False, kept=kept)
    assert resumed([(2,), (3,), (1,)])[::2].tolist() == first[[1, 0]].tolist()
    assert (resumed.calls, again.asked) == (3, [(3,)]), "a killed search asks nothing twice"


def test_a_line_that_a_kill_cut_short_is_asked_again(tmp_path: Path) -> None:
    file, labels, table = tmp_path / "rewards.jsonl", torch.tensor([0, 1]), Table()
    kept = Kept(file, "two texts")
    first = Rewards(table, labels, calibrated=False, kept=kept)([(1,), (2,)])
    assert len(file.read_text().splitlines()) == 3
    file.write_text(file.read_text()[:-3])
    for asked in ([(2,)], [(2,)], []):  # what is written behind the cut line goes with it, once
        again = Table()
        assert Rewards(again, labels, calibrated=False, kept=kept)([(1,), (2,)]).tolist() == first.tolist()
        assert again.asked == asked


@pytest.mark.parametrize("there", ["", "[[1], 7.0]\n", '{"of": "other texts"}\n[[1], 7.0]\n', '{"of": "two te'])
def test_rewards_of_another_question_are_asked_again(there: str, tmp_path: Path) -> None:
    file = tmp_path / "rewards.jsonl"
    file.write_text(there)
    for asked in ([(1,)], []):
        table = Table()
        found = Rewards(table, torch.tensor([0, 1]), calibrated=False, kept=Kept(file, "two texts"))([(1,)])
        assert (table.asked, found.item() != 7) == (asked, True)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("search", ["none", "manual:it seems", {"name": "random", "calls": 9},
                                    {"name": "rl", "calls": 9, "hidden": 8, "prompts": 4}])  # fmt: skip
def test_no_weight_changes_and_classes_are_told(masked: bool, search: Any) -> None:
    model = words.network(masked=masked)
    before = weights_digest(model)
    found = prompted(model, search=search)
    assert weights_digest(model) == before
    masked_model = model.copy()
    apply_masks(masked_model.body, words.masks(model))
    assert weights_digest(found.body) == weights_digest(masked_model.body)
    (row,) = verbs.measure(found, words.task(), "accuracy")
    assert row.value > 90
    assert record(found)["reward_calls"] <= 9
    assert words.task().fits(found)


def test_the_same_seed_finds_the_same_prompt_and_another_one_another() -> None:
    for search in ({"name": "random", "calls": 6}, {"name": "rl", "calls": 9, "prompts": 4, "hidden": 8}):
        one, twin, other = (options_of(prompted(search=search, seed=seed)) for seed in (3, 3, 4))
        assert one == twin
        assert one["ids"] != other["ids"]


def test_a_killed_search_goes_on_where_it_was(tmp_path: Path) -> None:
    search = {"name": "rl", "calls": 9, "prompts": 4, "hidden": 8}
    folder = tmp_path / "not" / "yet"
    first = prompted(search=search, session=Session(folder))
    assert len((folder / "rewards.jsonl").read_text()) > 20
    assert options_of(prompted(search=search, session=Session(folder))) == options_of(first)


@pytest.mark.parametrize("other", [{"model": words.network(seed=1)}, {"calibrate": "nothing"},
                                   {"words": {"calm": "odd", "loud": "calm", "odd": "loud"}}])  # fmt: skip
def test_a_search_in_the_folder_of_another_one_takes_nothing_from_it(other: dict[str, Any], tmp_path: Path) -> None:
    search, there = {"name": "random", "calls": 6}, Session(tmp_path)
    prompted(search=search, session=there)
    found = prompted(search=search, session=there, **other)
    wanted = prompted(search=search, **other)
    assert options_of(found) == options_of(wanted)
    assert record(found) == record(wanted)


def test_causal_and_masked_templates_say_the_same_where_order_says_nothing() -> None:
    """The mask and the full stop have vectors of 0, so both nets see the same bag of words."""
    causal, masked = words.network(), words.network(masked=True)
    cutting, batch = words.task().texts.cutting(), words.task().splits().train.take(torch.arange(30))
    assert cutting.mask is not None
    forms = [form_of(network, cutting) for network in (causal, masked)]
    assert forms == [Form(1, ()), Form(1, (cutting.mask, *cutting.bare(".")))]
    told = []
    for network, form in zip((causal, masked), forms, strict=True):
        with torch.no_grad():
            table = network.body.get_parameter("table.weight")
            table[list(forms[1].tail)] = 0
            table[[2, 3]] = 0  # what begins and closes a text: only one of the two nets sees the end
        classes = tuple(class_words({}, words.CLASSES, cutting))
        layer = Templated(form.template((11, 12), classes))
        with torch.no_grad():
            told.append(layer.run(network.body, batch.x, batch.more).argmax(1))
    assert torch.equal(told[0], told[1])
    assert len(set(told[0].tolist())) == 3


def test_the_prompt_stands_behind_the_text_and_before_what_fills_it_up() -> None:
    text = torch.tensor([[1, 2, 3, 0], [1, 2, 3, 4]])
    found = inserted(text, torch.tensor([[8, 9]] * 2), torch.tensor([2, 4]))
    assert found.tolist() == [[1, 2, 8, 9, 3, 0], [1, 2, 3, 4, 8, 9]]


def test_a_prompted_network_and_ticket_are_read_back_and_measured(tmp_path: Path) -> None:
    model = words.network()
    task = words.task()
    ticket = verbs.draw(model, {"name": "omp", "sparsity": 0.2, "prunable": "re:^mix"})
    found = verbs.transfer(model, ticket, task, {"name": "prompt", "search": "manual:it seems"})
    assert record(found)["prompt"] == "#195 #29"
    assert "prompt '#195 #29' (manual, 1 asked)" in str(found.adapted)
    kept = verbs.keep(found, ticket, task).save(tmp_path / "prompted.ticket")
    again = Ticket.load(kept)
    assert again.lineage.answers == found.adapted


def test_another_head_takes_the_template_away() -> None:
    found = prompted(search="none")
    fresh = words.task().head(found, generator=torch.Generator().manual_seed(0))
    batch = words.task().splits().train.take(torch.arange(4))
    assert not isinstance(fresh.normalise, Templated)
    assert fresh(batch.x, **batch.more).shape == (4, 3)


def test_classes_in_another_order_are_told_in_that_order() -> None:
    from tombola.models.classes import in_order_of

    found = prompted(search="none")
    found.adapted = words.task().adapted()
    other = in_order_of(found, ("odd", "calm", "loud"))
    batch = words.task().splits().train.take(torch.arange(6))
    with torch.no_grad():
        torch.testing.assert_close(other(batch.x, **batch.more), found(batch.x, **batch.more)[:, [2, 0, 1]])
    assert weights_digest(other.body) == weights_digest(found.body)


def test_a_net_without_a_head_of_words_is_refused() -> None:
    headless = words.task().head(words.network(), generator=torch.Generator().manual_seed(0))
    with pytest.raises(ModelError, match=r"telling has no head of words: it ends in 'linear'.* decoder=mlm"):
        prompted(headless)


def test_a_task_without_texts_or_classes_is_refused() -> None:
    from tests.fitting.toys import Toy

    way = Transfer.parse("prompt")
    with pytest.raises(RequestError, match="toy holds no texts; write a task such as text:sst2"):
        way.check(Toy())


def test_shots_are_so_many_of_each_class_and_fewer_lie_in_more() -> None:
    few, more = (words.task(shots=shots).splits() for shots in (2, 5))
    assert torch.bincount(few.train.labels).tolist() == [2, 2, 2]
    assert {tuple(ids.tolist()) for ids in few.train.ids} <= {tuple(ids.tolist()) for ids in more.train.ids}
    assert len(few.test) == len(words.task().splits().test)
    other = words.task(shots=2, subset_seed=1).splits()
    assert [ids.tolist() for ids in other.train.ids] != [ids.tolist() for ids in few.train.ids]
    with pytest.raises(DataError, match="shots=11: said has a class of 10 training texts"):
        words.task(shots=11).splits()
    assert "shots" not in words.task().identity()


def test_no_test_or_validation_text_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever stands in the other splits, the same prompt is found."""
    search = {"name": "random", "calls": 6}
    first = options_of(prompted(search=search))

    @dataclass(frozen=True)
    class Sealed(Texts):
        def take(self, indices: Tensor) -> Any:
            raise AssertionError("a sealed text was looked at")

    given = TextClassification.splits

    def splits(self: Any) -> Any:
        found = given(self)
        shut = [Sealed(part.ids, part.labels, part.classes) for part in (found.val, found.test)]
        return replace(found, val=shut[0], test=shut[1])

    monkeypatch.setattr(TextClassification, "splits", splits)
    assert options_of(prompted(search=search)) == first
    assert math.isfinite(cast("float", record(prompted(search=search))["reward"]))


def real_words(place: Path) -> tuple[Path, Path]:
    """A tiny Llama in a folder, with a tokeniser of whole words behind spaces, and a table of texts."""
    import json

    import tokenizers
    from tests.models.kinds.test_language_models import LLAMA

    from tombola.data._text_tried import table

    texts = table(place)
    said = {word for line in texts.read_text().splitlines() for word in json.loads(line)["text"].split()}
    names = ["<|endoftext|>", "calm", "loud", *sorted(said)]
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({word: n for n, word in enumerate(names)}, names[0]))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.add_special_tokens(names[:1])
    folder = place / "tiny"
    folder.mkdir()
    made.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps({**LLAMA, "vocab_size": len(names)}))
    return folder, texts


@pytest.mark.parametrize("kind", ["llama", "gpt2", "own head"])
def test_texts_remembered_say_what_texts_read_again_say(kind: str) -> None:
    from tests.models.kinds.test_language_models import loaded

    from tombola.batch import Batch
    from tombola.transfers.prompt.readers import Remembering, Whole, reader_of

    network = loaded(kind)
    ids = torch.tensor([[5, 9, 30, 7, 8, 6], [5, 3, 21, 6, 0, 0], [4, 0, 0, 0, 0, 0]])
    batch = Batch(ids, torch.zeros(3), {"attention_mask": (ids > 0).long()})
    for ends in (0, 1):
        form = Form(ends, ())
        quick, whole = reader_of(network, batch, form, (3, 9)), Whole(network, batch, form, (3, 9))
        assert isinstance(quick, Remembering)
        for prompt in ((), (11,), (12, 4, 7), (11,)):
            torch.testing.assert_close(quick.logits(prompt), whole.logits(prompt), atol=1e-5, rtol=1e-4)


def test_a_tiny_llama_goes_the_whole_way_and_its_ticket_is_measured(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    folder, texts = real_words(tmp_path)
    task = {"name": f"text:{texts}", "tokenizer": str(folder), "shots": 4}
    ticket = verbs.draw(f"hf:{folder}", {"name": "omp", "sparsity": 0.3, "prunable": "sparsegpt"})
    found = verbs.transfer(f"hf:{folder}", ticket, task, {"name": "prompt", "search": {"name": "random", "calls": 5}})
    target = Task.parse(task)
    kept = verbs.keep(found, ticket, target).save(tmp_path / "prompted.ticket")
    file = save_network(found, tmp_path / "net.safetensors")
    rows = verbs.measure(found, task, "accuracy")
    for again in (verbs.finished(str(kept), target), load_network(Source.parse(f"hf:{folder}"), file)):
        assert options_of(again) == options_of(found)
        assert weights_digest(again.body) == weights_digest(found.body)
        assert record(again) == record(found)
        assert verbs.measure(again, task, "accuracy") == rows
    assert set(record(found)["words"].values()) == {"calm", "loud"}


def test_a_prompt_longer_than_the_net_takes_is_refused() -> None:
    from tests.models.kinds.test_language_models import loaded

    task = words.task().replace(data=words.Said(tokenizer="plain:40", length=32))  # of 40 places
    with pytest.raises(RequestError, match=r"a prompt of 9 tokens behind the longest text is more than .* at most 8"):
        Transfer.parse({"name": "prompt", "search": {"name": "random", "tokens": 9}}).adapt(
            loaded("gpt2"), Masks({}), task, seed=0, session=Session()
        )


def test_an_encoder_with_its_head_of_hidden_words_is_prompted_too(tmp_path: Path) -> None:
    """A tiny BERT as transformers save it, asked for the word behind its mask."""
    import json

    transformers: Any = pytest.importorskip("transformers")
    from tests.data.test_tokenizers import model_folder
    from tests.models.kinds.test_hf import SMALL

    from tombola.data._text_tried import table

    texts = table(tmp_path)
    said = {word for line in texts.read_text().splitlines() for word in json.loads(line)["text"].split()}
    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "calm", "loud", ".", *sorted(said)]
    folder = model_folder(tmp_path / "tiny", names)
    config = transformers.BertConfig(**{**SMALL, "vocab_size": len(names)})
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    task = {"name": f"text:{texts}", "tokenizer": str(folder), "shots": 3, "length": 24}
    model, how = (
        {"name": f"hf:{folder}", "decoder": "mlm"},
        {"name": "prompt", "search": {"name": "random", "calls": 3}},
    )
    ticket = verbs.draw(model, {"name": "omp", "sparsity": 0.3, "prunable": "bert"})
    found = verbs.transfer(model, ticket, task, how)
    assert options_of(found)["ids"][2:] == [4, 7], "the mask, and a full stop"
    assert (options_of(found)["answer"], options_of(found)["ends"]) == (2, 1)
    assert 0 <= verbs.measure(found, task, "accuracy")[0].value <= 100
    with pytest.raises(ModelError, match="has no head of words: it ends in 'linear'"):
        verbs.transfer(f"hf:{folder}", verbs.draw(f"hf:{folder}", {"name": "omp", "prunable": "bert"}), task, how)


def test_a_study_of_prompts_ends_in_rows(tmp_path: Path) -> None:
    from tombola.study.run import run
    from tombola.study.store import Store
    from tombola.study.study import Study

    folder, texts = real_words(tmp_path)
    how = {"name": "prompt", "search": {"name": "random", "calls": 2}}
    study = Study.of(
        {
            "name": "prompts",
            "model": f"hf:{folder}",
            "target": {"name": f"text:{texts}", "tokenizer": str(folder), "shots": 3},
            "draw": {"name": "omp", "sparsity": 0.3, "prunable": "sparsegpt"},
            "transfer": how,
            "measure": [{"name": "accuracy", "samples": 6}],
            "axes": {"search": {"none": {"transfer.search": "none"}, "random": {"transfer.search": how["search"]}}},
        }
    )
    found = run(study, store=Store(tmp_path / "store"))
    assert [(row.metric, row.samples) for row in found.rows] == [("accuracy", 6)] * 2


@pytest.mark.slow
def test_a_prompted_ticket_is_exported_with_its_prompt_at_any_batch_and_length(tmp_path: Path) -> None:
    """ONNX Runtime's logits are checked against torch's by the exporter, at two batches and lengths."""
    pytest.importorskip("onnxruntime")
    folder, texts = real_words(tmp_path)
    task = {"name": f"text:{texts}", "tokenizer": str(folder), "shots": 4}
    ticket = verbs.draw(f"hf:{folder}", {"name": "omp", "sparsity": 0.3, "prunable": "sparsegpt"})
    found = verbs.transfer(f"hf:{folder}", ticket, task, {"name": "prompt", "search": "manual:the river"})
    kept = verbs.keep(found, ticket, Task.parse(task))
    (file, *_) = verbs.export(None, kept, "onnx", tmp_path / "out")
    assert file.stat().st_size > 0
