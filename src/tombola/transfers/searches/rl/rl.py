"""RLPrompt: a policy over words learns to write prompts by soft Q-learning on their rewards.

What: two linear layers between the frozen network's last state and its frozen table of words write ``prompts`` prompts
    a step, sampled among the ``top_k`` likeliest words. Their rewards, as z-scores of the step times 5, are what the
    path-consistency loss is taken on; a slow copy gives the values. The prompt taken is the one of the highest
    reward of all that were asked, the greedy one of the last policy among them.
When: to compare with ``random`` at the same number of different prompts asked, which it must beat: with few calls the
    policy is still nearly even. Not the default: results/prompts has the rule by which it would be.
Cost: ``calls`` times the training texts, of causal models the prompt's tokens alone, and a few tokens a step for the
    policy. The paper's: 12,000 steps of 16 prompts of 5 tokens.
Options: tokens, calls (it ends there or after ``steps``), steps, prompts, top_k, vocabulary, hidden, lr, polyak.
Reference: Deng et al. (RLPrompt), EMNLP 2022, arXiv 2205.12548; Guo et al., arXiv 2106.07704.
"""

from collections.abc import Sequence
from typing import ClassVar, Final, NamedTuple, Self, final

import torch
from pydantic import model_validator
from torch import Tensor

from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.registry import Examples
from tombola.spec import option
from tombola.transfers.prompt.form import Ids
from tombola.transfers.prompt.reward import z_scores
from tombola.transfers.prompt.rewards import Rewards
from tombola.transfers.searches._base import Language, Search
from tombola.transfers.searches.rl.policy import Policy, States, rows_of
from tombola.transfers.searches.rl.soft_q import soft_q_loss

_SCALE: Final = 5.0
_CLIP: Final = 5.0


class Written(NamedTuple):
    """Prompts of one step: their tokens as places in the vocabulary (P, T), and the states before each (P, T, D)."""

    places: Tensor
    states: Tensor


@final
class Rl(Search):
    """Prompts by a policy that learns from their rewards."""

    VERSION: ClassVar[int] = 2  # the last step asks what still fits, where it asked nothing
    EXAMPLES: ClassVar[Examples] = ({"calls": 40, "steps": 20, "tokens": 1, "hidden": 16, "lr": 1e-2},)

    tokens: int = option(2, "how many a prompt has", ge=1, le=64)
    calls: int = option(128, "how many different prompts are asked at most", ge=1)
    steps: int = option(200, "how many steps the policy learns at most", ge=1)
    prompts: int = option(8, "how many prompts are written a step", ge=2)
    top_k: int = option(256, "among how many of the likeliest words one is drawn", ge=1)
    vocabulary: int = option(2048, "how many frequent words prompts are made of", ge=1)
    hidden: int = option(2048, "the width between the policy's two layers", ge=1)
    lr: float = option(1e-4, "of Adam, on the policy's two layers", gt=0)
    polyak: float = option(1e-3, "how far the slow copy follows a step", gt=0, le=1)

    @model_validator(mode="after")
    def _learns(self) -> Self:
        if self.calls <= self.prompts:
            raise ValueError(
                f"calls={self.calls} leaves the policy no step of prompts={self.prompts} to learn from; write more"
            )
        return self

    @property
    def most(self) -> int:
        return self.calls

    def find(self, rewards: Rewards, language: Language, *, seed: int, session: Session) -> Ids:
        language.require_room(self.tokens)
        words, states = language.vocabulary(self.vocabulary), States(language)
        width, rows = states([()]).shape[1], rows_of(language.network, words)
        policy = Policy(width, rows, self.hidden, generator(seed, "policy"))
        slow, drawn = policy.slow_copy(), generator(seed, "prompts")
        optimizer = torch.optim.Adam(policy.parameters(), lr=self.lr)
        with session.reporter.task("steps of the policy", self.steps, 0) as bar:
            for _ in range(self.steps):
                found = self._written(policy, states, words, drawn)
                prompts: list[Ids] = [tuple(words[place] for place in row) for row in found.places.tolist()]
                chosen = _fitting(prompts, rewards, self.calls - 1)
                if not chosen:
                    break
                asked = rewards([prompts[row] for row in chosen])
                places, seen = found.places[chosen], found.states[chosen]
                scores = _SCALE * z_scores(asked)
                loss = soft_q_loss(policy(seen), slow(seen), places, scores)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
                torch.nn.utils.clip_grad_norm_(policy.parameters(), _CLIP)
                optimizer.step()
                slow.follow(policy, self.polyak)
                bar.advance(1, samples=len(scores), loss=loss.item())
        rewards([greedy(policy, states, words, self.tokens)])
        return rewards.best()[0]

    @torch.no_grad()
    def _written(self, policy: Policy, states: States, words: list[int], drawn: torch.Generator) -> Written:
        """A step's prompts, sampled."""
        written: list[Ids] = [()] * self.prompts
        places, seen = [], []
        for _ in range(self.tokens):
            seen.append(states(written))
            logits = policy(seen[-1])
            likeliest = logits.topk(min(self.top_k, len(words)), dim=1)
            chosen = torch.multinomial(likeliest.values.softmax(1), 1, generator=drawn)
            places.append(likeliest.indices.gather(1, chosen)[:, 0])
            written = [(*one, words[place]) for one, place in zip(written, places[-1].tolist(), strict=True)]
        return Written(torch.stack(places, 1), torch.stack(seen, 1))


@torch.no_grad()
def greedy(policy: Policy, states: States, words: list[int], tokens: int) -> Ids:
    """The prompt that a policy would write without luck."""
    written: Ids = ()
    for _ in range(tokens):
        written = (*written, words[int(policy(states([written])).argmax())])
    return written


def _fitting(prompts: Sequence[Ids], rewards: Rewards, most: int) -> list[int]:
    """The step's prompts that can be asked within ``most`` different ones, by place; none once those are spent."""
    room = most - rewards.calls
    new = dict.fromkeys(prompt for prompt in prompts if not rewards.asked(prompt))
    left_out = [*new][room:]
    return [row for row, prompt in enumerate(prompts) if prompt not in left_out] if room > 0 else []
