"""The recipes of texts run to their pages: a random encoder of width 8, made-up texts, a step wherever they train."""

import json
from pathlib import Path
from typing import Any

import pytest

from tombola.data._base import Dataset
from tombola.recipes._lookup import recipe
from tombola.recipes.bert_tickets import _small
from tombola.registry import Member
from tombola.report.page import write_report
from tombola.study.run import run
from tombola.study.store import Store

pytestmark = pytest.mark.slow

BERT = {
    "model_type": "bert", "vocab_size": 200, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 16, "max_position_embeddings": 128,
}  # fmt: skip
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "river", "stone", "paper", "light", "slept", "shouted"]


@pytest.fixture(autouse=True)
def _small_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("transformers")
    encoder, data = tmp_path / "encoder", tmp_path / "nlp" / "nlp_small.zip"
    encoder.mkdir()
    (encoder / "config.json").write_text(json.dumps(BERT))
    (encoder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    for name in ("sst2", "mrpc", "rte", "cola", "wikitext2"):
        member: type[Member] = Dataset.family.get(name)
        member.examples(data)
    monkeypatch.setenv("TOMBOLA_ENCODER", str(encoder))
    monkeypatch.setenv("TOMBOLA_DATA", str(tmp_path))
    whole, words = _small.fit, _small.imp_on_words
    monkeypatch.setattr(_small, "fit", lambda *_, **options: whole("2it", **options))
    monkeypatch.setattr(_small, "imp_on_words", lambda: _shortened(words()))


def _shortened(scheme: dict[str, Any]) -> dict[str, Any]:
    return {**scheme, "fit": {**scheme["fit"], "epochs": "2it"}}


@pytest.mark.parametrize(
    ("name", "only", "figures"),
    [
        ("matching", ["task=cola,sst2"], ["Quality against sparsity", "What pruning costs"]),
        ("pretraining", ["task=cola,rte"], ["Levels side by side", "What pruning costs"]),
        ("imp-vs-omp", ["task=sst2"], ["Quality against sparsity"]),
        ("universal", [], ["Levels side by side", "What pruning costs", "Layer by layer", "The same weights?"]),
        ("rewinding", [], ["Levels side by side", "What pruning costs"]),
    ],
)
def test_it_runs_to_its_page(name: str, only: list[str], figures: list[str], tmp_path: Path) -> None:
    study = recipe(f"bert-tickets/{name}", ["scale=small", "repeat=0", *only])
    store = Store.at(str(tmp_path / "store"))
    result = run(study, store)
    assert not result.outcome.failed
    assert {row.key for row in result.rows} == {
        measure.key for planned in result.plan.cells for measure in planned.measures
    }
    page = write_report(result.rows, result.facts(store), tmp_path / "report.html").read_text(encoding="utf-8")
    for title in (*figures, "distilled and tuned on sentence pairs"):
        assert title in page
