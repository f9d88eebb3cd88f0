"""The Lottery Ticket Hypothesis for Pre-trained BERT Networks (Chen et al., NeurIPS 2020)."""

from typing import Final

from results.evidence.claim import TRAINING, Asked, Claim
from results.evidence.judges_of_texts import (
    level_by_level,
    matches_between,
    no_early_gain,
    ticket_over_controls,
    words_serve,
)


def _asked(effect: str, cells: str, controls: str) -> Asked:
    return Asked(
        effect=effect,
        cells=f"MiniLM (6 layers of 384, distilled and tuned on sentence pairs), one epoch at 1e-4; {cells}",
        unit=TRAINING,
        units=3,
        controls=controls,
        theirs="BERT-base (12 layers of 768), three epochs at 2e-5; eleven tasks with SQuAD and masked words",
    )


CLAIMS: Final = (
    Claim(
        "BERT: matching tickets",
        "On every task some ticket of 40 to 90 % matches the dense encoder.",
        "bert-tickets/matching",
        "every task's highest matching level, by the interval against the dense mean less one std, is 50 % or more and"
        " below 90 %; of `tombola verdict`, no p",
        matches_between,
        _asked(
            "the sparsest one-shot ticket that matches",
            "SST-2, MRPC, RTE, CoLA at 30, 50, 70, 90 %",
            "the dense encoder; random masks of the next claim",
        ),
        found="by IMP: SST-2 60, MRPC 50, RTE 60, CoLA 50 %",
    ),
    Claim(
        "BERT: the weights under the mask",
        "A ticket's mask and the pretrained weights belong together.",
        "bert-tickets/pretraining",
        "on each task the ticket leads a random mask, new weights and moved layers: all twelve intervals are above 0,"
        " and p is the largest of theirs",
        ticket_over_controls,
        _asked(
            "points, the ticket less each control, same seed; Matthews' correlation for CoLA",
            "SST-2, MRPC, RTE, CoLA at 50 %",
            "a random mask, new weights, layers in another order; the dense encoder",
        ),
        found="SST-2 at 60 %: 91.9 against 83.1, 80.2, 82.6",
    ),
    Claim(
        "BERT: level by level",
        "Iterative pruning finds better tickets than one shot.",
        "bert-tickets/imp-vs-omp",
        "on SST-2 and on MRPC the interval of the lead at 70 % is above 0; p is the larger",
        level_by_level,
        _asked(
            "points of accuracy, level by level less one shot, same seed", "SST-2, MRPC at 70 %", "the dense encoder"
        ),
        found="targets reached at 70 %: masked words by IMP 10 of 11, one shot 4",
    ),
    Claim(
        "BERT: masked words are universal",
        "The ticket drawn on masked words serves as many tasks as any task's own does.",
        "bert-tickets/universal",
        "masked words' ticket reaches the target's own on at least as many other targets as every task's does, by"
        " intervals: as few as are shown against as many as are possible; a count, no p",
        words_serve,
        _asked(
            "the number of other targets on which a ticket reaches the target's own",
            "drawn on masked words, SST-2, MRPC, or once; four targets at 70 %",
            "the one-shot ticket; the dense encoder",
        ),
        found="10 of 11 targets; tasks' own 0 to 4",
    ),
    Claim(
        "BERT: no early step",
        "Rewinding to an early step is no better than rewinding to the pretrained weights.",
        "bert-tickets/rewinding",
        "no interval of an early step's lead over pretrained is above 0, and each upper end is below 1 point; a claim"
        " of no gain needs the second half; p is the largest of the four, each of a gain of one point",
        no_early_gain,
        _asked(
            "points of accuracy, rewound to a tenth or half of a training less to the pretrained weights",
            "SST-2 at 50 and 70 %",
            "the dense encoder",
        ),
        found="no gain",
    ),
)
