"""Searches of prompts: soft Q-learning on a table by hand, a policy that learns, and luck that repeats itself."""

from pathlib import Path
from typing import Any

import pytest
import torch
from tests.transfers import words
from torch import Tensor

from tombola.errors import RequestError
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.adapted import Adapted
from tombola.tickets.lineage import Lineage
from tombola.tickets.ticket import Ticket
from tombola.transfers.prompt.form import form_of
from tombola.transfers.prompt.rewards import Rewards
from tombola.transfers.searches._base import Language, Search
from tombola.transfers.searches.found import Found
from tombola.transfers.searches.rl.policy import Policy, States, rows_of
from tombola.transfers.searches.rl.rl import greedy
from tombola.transfers.searches.rl.soft_q import soft_q_loss

REWARD = torch.tensor([[1.0, -2.0, 0.5], [0.0, 3.0, -1.0], [2.0, 2.0, -4.0]])
"""Of each two tokens of three."""


def optimal() -> tuple[Tensor, Tensor]:
    """The soft-optimal logits: of the first token (3,), each the value of what may follow, and of the second (3, 3)."""
    return REWARD.logsumexp(1), REWARD


def paths() -> tuple[Tensor, Tensor, Tensor]:
    """Every path of two tokens: logits (9, 2, 3), tokens (9, 2), rewards (9,)."""
    first, second = optimal()
    tokens = torch.cartesian_prod(torch.arange(3), torch.arange(3))
    logits = torch.stack([first.expand(9, 3), second[tokens[:, 0]]], 1)
    return logits, tokens, REWARD[tokens[:, 0], tokens[:, 1]]


def test_the_loss_of_the_optimal_table_is_zero_and_of_any_other_is_not() -> None:
    logits, tokens, rewards = paths()
    torch.testing.assert_close(soft_q_loss(logits, logits, tokens, rewards), torch.tensor(0.0), atol=1e-10, rtol=0)
    other = logits.clone()
    other[:, 1, 2] += 0.5
    assert soft_q_loss(other, logits, tokens, rewards) > 0.001


def test_the_loss_by_hand() -> None:
    """One prompt of one token: V = log 2, A = -log 2; both errors are A - (r - V) = -r."""
    flat = torch.zeros(1, 1, 2)
    found = soft_q_loss(flat, flat, torch.tensor([[0]]), torch.tensor([3.0]))
    torch.testing.assert_close(found, torch.tensor(9.0))


def test_descending_the_loss_finds_the_policy_where_the_slow_copy_knows_the_values() -> None:
    best, tokens, rewards = paths()
    table = [torch.zeros(3, requires_grad=True), torch.zeros(3, 3, requires_grad=True)]
    optimizer = torch.optim.Adam(table, lr=0.1)
    for _ in range(300):
        logits = torch.stack([table[0].expand(9, 3), table[1][tokens[:, 0]]], 1)
        optimizer.zero_grad()
        soft_q_loss(logits, best, tokens, rewards).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    for found, wanted in zip(table, optimal(), strict=True):
        torch.testing.assert_close(found.softmax(-1), wanted.softmax(-1), atol=1e-3, rtol=0)


def language() -> Language:
    network = words.network()
    cutting = words.task().texts.cutting()
    return Language(network, cutting, form_of(network, cutting))


class Prefers:
    """A reader of one text that is told right the more, the more of one token the prompt has."""

    def logits(self, prompt: tuple[int, ...]) -> Tensor:
        return torch.tensor([[float(prompt.count(7)), 0.5]])


def rewards() -> Rewards:
    return Rewards(Prefers(), torch.tensor([0]), calibrated=False)


def test_a_policy_begins_nearly_even_and_learns_the_word_that_pays() -> None:
    lang, asked = language(), rewards()
    options: dict[str, Any] = {"calls": 9000, "steps": 60, "tokens": 2, "hidden": 16, "lr": 3e-2, "vocabulary": 12,
                               "prompts": 16, "polyak": 0.1}  # fmt: skip
    found = Search.parse({"name": "rl", **options}).find(asked, lang, seed=0, session=Session())
    assert found == (7, 7)
    states, pool = States(lang), lang.vocabulary(12)
    width = states([()]).shape[1]
    fresh = Policy(width, rows_of(lang.network, pool), 16, generator(0, "policy"))
    assert fresh(states([()])).softmax(1).max() < 1 / 12 + 0.001


def test_greedy_reading_is_decided_by_the_seed() -> None:
    lang = language()
    states, pool = States(lang), lang.vocabulary(50)
    width, rows = states([()]).shape[1], rows_of(lang.network, pool)
    one, twin = (greedy(Policy(width, rows, 16, generator(1, "policy")), states, pool, 3) for _ in range(2))
    assert one == twin
    assert len(one) == 3


def test_rl_spends_all_its_calls_but_the_last_on_what_its_policy_writes() -> None:
    for calls in (9, 13, 20):
        asked = rewards()
        options = {"calls": calls, "prompts": 8, "steps": 50, "tokens": 3, "hidden": 4}
        Search.parse({"name": "rl", **options}).find(asked, language(), seed=0, session=Session())
        assert calls - 1 <= asked.calls <= calls, "the greedy prompt may have been written before"
    with pytest.raises(RequestError, match="calls=8 leaves the policy no step of prompts=8 to learn from"):
        Search.parse({"name": "rl", "calls": 8})


def test_a_prompt_found_before_is_asked_once_and_is_the_same_key_wherever_it_lies(tmp_path: Path) -> None:
    (one,) = Found.examples(tmp_path)
    asked = rewards()
    assert one.find(asked, language(), seed=0, session=Session()) == (3, 5)
    assert asked.calls == 1
    moved = tmp_path / "elsewhere.ticket"
    assert one.path is not None
    moved.write_bytes(one.path.read_bytes())
    assert Search.parse(f"found:{moved}").digest() == one.digest()
    adapted = Adapted.of({"name": "text"}, size=None, classes=())
    for said in ({"ids": [3, 5], "prompt": "other words"}, {"prompt": "none"}):
        Ticket(Masks({}), Lineage(adapted=adapted.replace(found=said))).save(moved, overwrite=True)
        if "ids" in said:
            with pytest.raises(RequestError, match=r"whose tokens are .* to this tokeniser"):
                Search.parse(f"found:{moved}").find(rewards(), language(), seed=0, session=Session())
        else:
            with pytest.raises(RequestError, match=r"holds no prompt; name a \.ticket file"):
                Search.parse(f"found:{moved}")


def test_a_search_ends_at_its_calls_and_where_there_are_no_more_prompts() -> None:
    for options, most in (({"name": "random", "calls": 5}, 5), ({"name": "random", "vocabulary": 3, "tokens": 1}, 3),
                          ({"name": "rl", "calls": 5, "prompts": 2, "hidden": 4}, 5)):  # fmt: skip
        asked = rewards()
        Search.parse(options).find(asked, language(), seed=0, session=Session())
        assert 1 <= asked.calls <= most
    assert Search.parse({"name": "random", "calls": 5}).most == 5
