"""BERT's tickets, rewinding: does going back to an early step of training beat the pretrained weights?

What: IMP on the task, every level begun from the pretrained weights, or from the dense net after a tenth or a half of a
    training; the ticket is then finetuned from that state.
When: the claim that rewinding to an early step brings pretrained encoders no gain.
Faithful: as bert-tickets/imp-vs-omp; the paper rewinds within the first epochs.
Scaled: as bert-tickets/imp-vs-omp; SST-2, at 50 and 70 %.
Cost: at scale=small some 3 hours of one core after bert-tickets/imp-vs-omp.
Reference: Chen et al., NeurIPS 2020, arXiv 2007.12223, rewinding.
"""

from typing import Any

from tombola.recipes._scales import Scale, repeats
from tombola.recipes.bert_tickets import _paper, _small
from tombola.recipes.bert_tickets._named import named
from tombola.study.study import Study

TITLE = "Does rewinding to an early step help?"


def rewinding(scale: Scale = "paper") -> Study:
    """Tasks, seeds, states to go back to, sparsities."""
    if scale == "paper":
        tasks, iterative, steps = _paper.tasks("sst2", "mrpc"), _paper.imp(), ("0.3ep", "1.5ep")
    else:
        tasks, iterative, steps = _small.tasks("sst2"), _small.imp(), ("19it", "97it")
    levels = {f"{sparsity:.0%}": {"draw.sparsity": sparsity} for sparsity in (0.5, 0.7)}
    axes = {"task": tasks, "repeat": repeats(), "at": levels, "drawn from": _states(*steps)}
    return named("rewinding", scale, TITLE, axes, draw=iterative, draw_on="target")


def _states(tenth: str, half: str) -> dict[str, Any]:
    """The pretrained weights, and two steps of the task's training; beside them the dense net."""
    return {
        "dense": {"draw": {**_paper.OMP, "sparsity": 0.0}},
        "pretrained": {"draw.rewind": "pretrained"},
        "a tenth": {"draw.rewind": f"early:{tenth}"},
        "a half": {"draw.rewind": f"early:{half}"},
    }
