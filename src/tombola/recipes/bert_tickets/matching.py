"""BERT's tickets, matching: up to which sparsity does a one-shot ticket finetune as well as the dense encoder?

What: one-shot magnitude tickets of a pretrained encoder, one threshold over all its matrices, finetuned on each task.
When: the claim that matching tickets exist at 40 to 90 % on every task (by IMP; table 2: SST-2 60, MRPC 50, RTE 60,
    CoLA 50, QNLI 70 %).
Faithful: bert-base-uncased; 73 matrices of encoder and pooler, embeddings and head dense; 3 epochs of batch 32 at 2e-5,
    AdamW, linear decay, clipped at 1; matching is within one standard deviation of the dense net. GLUE's nine tasks and
    SQuAD, without masked words.
Scaled: MiniLM (6 layers of 384, distilled, tuned on sentence pairs); one epoch at 1e-4; SST-2, MRPC, RTE and CoLA as
    the packs hold them; 30 to 90 %; the mean of a text's tokens under the head, so the pooler, 1.4 % of what is pruned,
    is idle.
Cost: at scale=small some 4.5 hours of one core.
Reference: Chen et al., NeurIPS 2020, arXiv 2007.12223 (The Lottery Ticket Hypothesis for Pre-trained BERT Networks).
"""

from typing import Any

from tombola.recipes._scales import Scale, repeats
from tombola.recipes.bert_tickets import _paper, _small
from tombola.recipes.bert_tickets._named import named
from tombola.study.study import Study

TITLE = "Up to which sparsity do one-shot tickets match?"


def matching(scale: Scale = "paper") -> Study:
    """Tasks, seeds, sparsities."""
    tasks = _paper.targets() if scale == "paper" else _small.tasks()
    sparsities = _paper.LADDER if scale == "paper" else _small.SPARSITIES
    prior: dict[str, Any] = {
        _paper.BERT if scale == "paper" else _small.PRIOR: {}
    }  # one level, so that every figure names it
    axes = {"prior": prior, "task": tasks, "repeat": repeats(), "draw.sparsity": list(sparsities)}
    return named("matching", scale, TITLE, axes)
