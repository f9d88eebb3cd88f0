"""BERT's tickets, pretraining: is it the mask that makes a ticket, or the weights under it?

What: the dense encoder, its one-shot ticket, and three controls of as many weights: a random mask; the ticket's mask on
    new random weights; the ticket's mask on weights whose layers have changed places.
When: the claim that a ticket's mask and the pretrained weights belong together (table 2: SST-2 91.9 % by the ticket,
    83.1 by a random mask, 80.2 by new weights, 82.6 by layers in another order).
Faithful: as bert-tickets/matching, at 50 and 70 %; the six matrices of a layer move as one, the pooler stays. The
    paper's ticket there is IMP's, by one shot here.
Scaled: as bert-tickets/matching, at 50 %.
Cost: at scale=small some 2.7 hours of one core after bert-tickets/matching, whose cells it shares.
Reference: Chen et al., NeurIPS 2020, arXiv 2007.12223, table 2.
"""

from typing import Any

from tombola.recipes._scales import Scale, repeats
from tombola.recipes.bert_tickets import _paper, _small
from tombola.recipes.bert_tickets._named import named
from tombola.study.study import Study

TITLE = "Is it the mask, or the weights under it?"


def pretraining(scale: Scale = "paper") -> Study:
    """Tasks, seeds, what is under which mask."""
    tasks = _paper.targets() if scale == "paper" else _small.tasks()
    levels = (0.5, 0.7) if scale == "paper" else (_small.HALF,)
    return named("pretraining", scale, TITLE, {"task": tasks, "repeat": repeats(), "drawn": _tickets(levels)})


def _tickets(levels: tuple[float, ...]) -> dict[str, Any]:
    """The dense net, and of each sparsity the ticket and its controls."""
    found = {"dense": {"draw": {**_paper.OMP, "sparsity": 0.0}}}
    for sparsity in levels:
        omp = {**_paper.OMP, "sparsity": sparsity}
        arms = {
            "ticket": omp,
            "random mask": {**omp, "name": "random"},
            "new weights": {"name": "reinit", "of": omp},
            "layers moved": {"name": "permuted_layers", "of": omp, "together": True},
        }
        found |= {f"{arm}, {sparsity:.0%}": {"draw": draw} for arm, draw in arms.items()}
    return found
