"""BERT's tickets, IMP against OMP: does iterative pruning find better tickets than one shot?

What: tickets drawn level by level on the task they are finetuned on (IMP, a tenth of the original a level) beside those
    that one shot draws from the pretrained weights.
When: the claim that IMP's tickets match at sparsities where one-shot ones do not.
Faithful: as bert-tickets/matching; each level trains from the pretrained weights for as long as finetuning does, the
    head kept from level to level, the line of the learning rate begun again over the whole ladder, as the code has it.
    GLUE's nine tasks: SQuAD's levels would be trained by other options.
Scaled: as bert-tickets/matching; SST-2 and MRPC, to 70 %.
Cost: at scale=small some 5 hours of one core after bert-tickets/matching, whose one-shot cells it shares.
Reference: Chen et al., NeurIPS 2020, arXiv 2007.12223, algorithm 1 and table 2.
"""

from tombola.recipes._scales import Scale, repeats
from tombola.recipes.bert_tickets import _paper, _small
from tombola.recipes.bert_tickets._named import named
from tombola.study.study import Study

TITLE = "Tickets drawn level by level, or in one shot?"


def imp_vs_omp(scale: Scale = "paper") -> Study:
    """Tasks, seeds, schemes, sparsities."""
    if scale == "paper":
        tasks, iterative = _paper.tasks(), _paper.imp()
        sparsities = [level for level in _paper.LADDER if level > 0]
    else:
        tasks, iterative, sparsities = _small.tasks("sst2", "mrpc"), _small.imp(), [0.3, 0.5, 0.7]
    schemes = {"one shot": {"draw": dict(_paper.OMP)}, "level by level": {"draw": iterative, "draw_on": "target"}}
    axes = {"task": tasks, "repeat": repeats(), "scheme": schemes, "draw.sparsity": sparsities}
    return named("imp-vs-omp", scale, TITLE, axes)
