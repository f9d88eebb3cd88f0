"""The best of many prompts drawn at random: the search that every other one must beat.

What: ``tokens`` frequent words each, drawn evenly, until ``calls`` different prompts were asked; the one of the highest
    reward on the training texts is taken, of equal ones the first.
When: the default. Few words make many prompts as good as any by luck, so a search that learns is compared with this
    one at the same number of different prompts asked.
Cost: ``calls`` times the training texts, of causal models the prompt's tokens alone.
Options: tokens, calls, vocabulary (how many frequent words prompts are made of).
Reference: Bergstra and Bengio, JMLR 2012; the baseline of Deng et al. (RLPrompt), EMNLP 2022, arXiv 2205.12548.
"""

from typing import ClassVar, final

import torch

from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.registry import Examples
from tombola.spec import option
from tombola.transfers.prompt.form import Ids
from tombola.transfers.prompt.rewards import Rewards
from tombola.transfers.searches._base import Language, Search


@final
class Random(Search):
    """Prompts by luck, the best one kept."""

    EXAMPLES: ClassVar[Examples] = ({"calls": 40, "tokens": 1},)

    tokens: int = option(2, "how many a prompt has", ge=1, le=64)
    calls: int = option(128, "how many different prompts are asked", ge=1)
    vocabulary: int = option(2048, "how many frequent words prompts are made of", ge=1)

    @property
    def most(self) -> int:
        return self.calls

    def find(self, rewards: Rewards, language: Language, *, seed: int, session: Session) -> Ids:
        language.require_room(self.tokens)
        words, drawn = language.vocabulary(self.vocabulary), generator(seed, "prompts")
        wanted = min(self.calls, len(words) ** self.tokens)
        with session.reporter.task("prompts", wanted, 0) as bar:
            while rewards.calls < wanted:
                places = torch.randint(len(words), (self.tokens,), generator=drawn).tolist()
                prompt = tuple(words[place] for place in places)
                bar.advance(0 if rewards.asked(prompt) else 1, samples=1, loss=None)
                rewards([prompt])
        return rewards.best()[0]
