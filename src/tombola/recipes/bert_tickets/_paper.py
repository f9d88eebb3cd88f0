"""The paper's scale: bert-base-uncased on GLUE's own files, three epochs; planned without any of them.

A configuration written out makes a plan need neither the hub nor a cache. WikiText-103 stands for
Wikipedia: the levels on masked words are counted in steps, so they cost the same.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

BERT: Final = "bert-base-uncased"
LADDER: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)

OMP: Final[Mapping[str, Any]] = {"name": "omp", "prunable": "bert"}
"""One-shot tickets of all that the paper prunes."""

_CONFIG: Final = {
    "model_type": "bert", "vocab_size": 30522, "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
    "intermediate_size": 3072, "max_position_embeddings": 512, "type_vocab_size": 2,
}  # fmt: skip
TASKS: Final = ("mnli", "qqp", "stsb", "wnli", "qnli", "mrpc", "rte", "sst2", "cola")

_NUMBERS: Final = ("stsb",)
_JUDGED: Final = {"cola": ("matthews", "accuracy"), "stsb": ("pearson", "spearman")}


def base() -> dict[str, Any]:
    """The encoder as released, its pooler under the head; one-shot tickets; three epochs of finetuning."""
    model = {"name": f"hf:{BERT}", "config": json.dumps(_CONFIG)}
    return {
        "model": model,
        "draw": dict(OMP),
        "transfer": {"name": "finetune", "fit": "glue"},
    }


def task(name: str) -> dict[str, Any]:
    """A task of GLUE, 128 tokens a text."""
    kind = "text_regression" if name in _NUMBERS else "text"
    return {"name": f"{kind}:{name}", "tokenizer": BERT, "length": 128}


def tasks(*names: str, also: Sequence[Any] = ()) -> dict[str, Any]:
    """An axis of tasks, each measured as it is judged, and by ``also``; all nine where none is named."""
    return axis({name: task(name) for name in names or TASKS}, also)


def targets(also: Sequence[Any] = ()) -> dict[str, Any]:
    """The nine tasks of GLUE, and SQuAD 1.1, which is trained by its own preset and judged by F1."""
    questions = {"target": squad(), "measure": ["answer_f1", "exact_match", *also], "transfer.fit": "squad"}
    return {**tasks(also=also), "squad": questions}


def squad() -> dict[str, Any]:
    """SQuAD 1.1, windows of 384 tokens."""
    return {"name": "spans:squad", "tokenizer": BERT}


def axis(targets: Mapping[str, Any], also: Sequence[Any]) -> dict[str, Any]:
    """An axis of tasks by the names of GLUE, each measured as it is judged, and by ``also``."""
    return {
        name: {"target": target, "measure": [*_JUDGED.get(name, ("accuracy",)), *also]}
        for name, target in targets.items()
    }


def words() -> dict[str, Any]:
    """Masked words in blocks of 512."""
    return {"name": "mlm:wikitext103", "tokenizer": BERT, "length": 512}


def imp(**options: Any) -> dict[str, Any]:
    """A tenth of the original a level: three epochs of the task, the head kept, the rate's line begun again."""
    return {
        "name": "imp", "prunable": "bert", "ladder": "linear", "head": "kept", "first": "train",
        "schedule": "restarted", "levels": 9, "fit": {"preset": "glue"}, **options,
    }  # fmt: skip


def imp_on_words() -> dict[str, Any]:
    """The same on masked words: 10,000 steps a level, the first level pruned at once."""
    return imp(first="prune", fit={"preset": "mlm"})
