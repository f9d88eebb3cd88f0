"""RLPrompt (Deng et al., EMNLP 2022), asked of frozen tickets."""

from dataclasses import replace
from typing import Final

from results.evidence.claim import Asked, Claim
from results.evidence.judges_of_texts import learned_over_lucky, prompts_transfer

ASKED: Final = Asked(
    effect="points of accuracy, the learned prompt less the best of as many random ones, same shots",
    cells="SmolLM2-135M, four bits; dense, 20, 30, 50 %; SST-2, 16 texts a class, at most 64 prompts asked,"
    " 200 test texts",
    unit="the drawing of the shots",
    units=3,
    controls="no prompt, `It was`, the best of 64 random prompts; classes' mean log-odds taken off, and raw",
    theirs="RoBERTa-large, seven tasks, 12,000 steps of 16 prompts; five drawings of the shots, three seeds",
)

CLAIMS: Final = (
    Claim(
        "RLPrompt: learned over lucky",
        "A learned prompt beats the best of as many random ones.",
        "rlprompt/few-shot",
        "the interval of the lead of rl over random, pooled over dense and tickets, calibrated, is above 0",
        learned_over_lucky,
        ASKED,
        found="mean of seven tasks: 75.8 (learned), 68.6 (by hand)",
    ),
    Claim(
        "RLPrompt: prompts transfer",
        "A prompt found on the dense model serves its tickets.",
        "results/prompts/across.yaml",
        "the lower end of (found on the dense model less found on the ticket), at 20 and 30 %, is above -2 points",
        prompts_transfer,
        replace(ASKED, effect="points of accuracy on a ticket, prompt of the dense model less the ticket's own"),
        found="prompts transfer between models, small to large better than large to small",
    ),
)
