"""BERT's tickets, universal: does the ticket of one source serve tasks it was not drawn on?

What: tickets at 70 % drawn level by level on masked words and on each source task, and in one shot, finetuned on every
    target. With ``density`` layer by layer and ``overlap`` with the one-shot ticket, beside what chance would give.
When: the claim that the ticket of masked words, the task of pretraining, reaches most targets' own (10 of 11; SQuAD's
    4, all others' at most 2).
Faithful: as bert-tickets/imp-vs-omp; 10,000 steps a level on masked words, 16 blocks of 512.
Scaled: as bert-tickets/imp-vs-omp; MiniLM was pretrained on sentence pairs, so masked words (WikiText-2) are a second
    source task and not the pretraining; 300 steps a level of 32 x 64; sources SST-2 and MRPC; four targets.
Cost: at scale=small some 5 hours of one core after bert-tickets/imp-vs-omp, whose masks it shares.
Reference: Chen et al., NeurIPS 2020, arXiv 2007.12223, figure 2.
"""

from typing import Any

from tombola.recipes._scales import Scale, repeats
from tombola.recipes.bert_tickets import _paper, _small
from tombola.recipes.bert_tickets._named import named
from tombola.study.study import Study

TITLE = "Whose ticket at 70 % serves other tasks?"
SPARSITY = 0.7
_ONE_SHOT = {**_paper.OMP, "sparsity": SPARSITY}
_ALSO = ("density", {"name": "overlap", "reference": _ONE_SHOT})


def universal(scale: Scale = "paper") -> Study:
    """Where tickets are drawn, targets, seeds; dense in one row for what was lost."""
    if scale == "paper":
        targets, sources = _paper.targets(also=_ALSO), {name: _paper.task(name) for name in _paper.TASKS}
        iterative, words = _paper.imp(), {"source": _paper.words(), "draw": _paper.imp_on_words()}
    else:
        targets, sources = _small.tasks(also=_ALSO), {name: _small.task(name) for name in ("sst2", "mrpc")}
        iterative, words = _small.imp(), {"source": _small.words(), "draw": _small.imp_on_words()}
    drawn = {"dense": _drawn({"draw": dict(_paper.OMP)}, 0.0), "words": _drawn(words)}
    drawn |= {name: _drawn({"source": source, "draw": iterative}) for name, source in sources.items()}
    if scale == "paper":
        drawn["squad"] = _drawn({"source": _paper.squad(), "draw": _paper.imp(fit={"preset": "squad"})})
    drawn["one shot"] = _drawn({"draw": dict(_paper.OMP)})
    return named("universal", scale, TITLE, {"repeat": repeats(), "drawn on": drawn, "task": targets})


def _drawn(how: dict[str, Any], sparsity: float = SPARSITY) -> dict[str, Any]:
    return {**how, "draw": {**how["draw"], "sparsity": sparsity}, "draw_on": "source"}
