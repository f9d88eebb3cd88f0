"""Words in a study: a prior learns hidden words, its tickets go to telling texts apart, on built-in data."""

from pathlib import Path
from typing import Any

import pytest

from tombola.study.run import run
from tombola.study.store import Store
from tombola.study.study import Study

DATA = {"name": "prose", "num_train": 60, "tokenizer": "plain:200"}
CONFIG = (
    '{"model_type": "bert", "vocab_size": 200, "hidden_size": 8, "num_hidden_layers": 1,'
    ' "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 64}'
)
ATTACK = {"name": "pgd", "norm": "l2", "steps": 2}
ROBUST = {"preset": "freelb", "epochs": "2it"}
STUDY: dict[str, Any] = {
    "name": "words",
    "model": {"name": "hf:tiny@config", "config": CONFIG, "pool": "mean"},
    "source": {"name": "mlm", "data": DATA},
    "pretrain": {"preset": "mlm", "epochs": "3it"},
    "draw": {"name": "imp", "sparsity": 0.5, "prunable": "bert", "head": "kept",
             "ladder": {"name": "listed", "sparsities": [0.25, 0.5]}, "fit": {"preset": "mlm", "epochs": "2it"}},
    "target": {"name": "text", "data": DATA},
    "measure": ["accuracy", {"name": "adversarial_accuracy", "samples": 20, "attack": ATTACK}],
    "axes": {"transfer": {"linear": "linear", "robust": {"name": "finetune", "fit": ROBUST}}},
}  # fmt: skip


@pytest.mark.slow
def test_hidden_words_are_the_source_and_texts_the_target(tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    result = run(Study.of(STUDY), Store(tmp_path))
    assert result.exit_code == 0
    assert {row.cell["transfer"] for row in result.rows} == {"linear", "robust"}
    assert {row.metric for row in result.rows} == {"accuracy", "adversarial_accuracy", "clean_accuracy"}
    again = run(Study.of(STUDY), Store(tmp_path))
    assert [row.value for row in again.rows] == [row.value for row in result.rows]
