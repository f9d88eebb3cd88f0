"""What every search keeps: a prompt of words that there are, by its seed, and no more of them asked than it says."""

import torch
from tests.transfers import words

from tombola.fitting.session import Session
from tombola.models.digest import weights_digest
from tombola.transfers.prompt.form import Ids, form_of
from tombola.transfers.prompt.readers import Whole
from tombola.transfers.prompt.rewards import Rewards
from tombola.transfers.prompt.verbaliser import class_words
from tombola.transfers.searches._base import Language, Search

from .faults import Fault, Method, gives
from .room import Check


def language(*, masked: bool = False) -> Language:
    """The toy language model."""
    network, cutting = words.network(masked=masked), words.task().texts.cutting()
    return Language(network, cutting, form_of(network, cutting))


def rewards(lang: Language) -> Rewards:
    """Of the toy texts."""
    train = words.task().splits().train
    classes = tuple(class_words({}, train.classes, lang.cutting))
    return Rewards(Whole(lang.network, train.take(torch.arange(12)), lang.form, classes), train.labels[:12],
                   calibrated=True)  # fmt: skip


def found(search: Search, seed: int = 0, *, masked: bool = False) -> Ids:
    """The prompt."""
    lang = language(masked=masked)
    return search.find(rewards(lang), lang, seed=seed, session=Session())


def it_finds_words_that_there_are(search: Search) -> None:
    for masked in (False, True):
        assert all(0 <= number < words.WORDS for number in found(search, masked=masked))


def its_seed_decides_and_luck_stays(search: Search) -> None:
    drawn = torch.get_rng_state()
    assert found(search, seed=1) == found(search, seed=1)
    assert torch.equal(torch.get_rng_state(), drawn), "torch's own random numbers were drawn from"


def it_asks_no_more_than_it_says(search: Search) -> None:
    lang = language()
    asked = rewards(lang)
    before, prompt = weights_digest(lang.network), search.find(asked, lang, seed=0, session=Session())
    assert weights_digest(lang.network) == before
    assert 1 <= asked.calls <= search.most
    assert asked.asked(prompt), "a prompt is taken whose reward nobody knows"


CHECKS: tuple[Check, ...] = (
    it_finds_words_that_there_are,
    its_seed_decides_and_luck_stays,
    it_asks_no_more_than_it_says,
)


def _by_luck(method: Method) -> Method:
    return lambda self, *given, **options: (int(torch.randint(words.WORDS, ())),)


FAULTS: tuple[Fault, ...] = (
    Fault("makes words up", "none", "find", gives(lambda found: (*found, words.WORDS)), it_finds_words_that_there_are),
    Fault("draws from torch's own", "none", "find", _by_luck, its_seed_decides_and_luck_stays),
    Fault("asks for nothing", "none", "find", lambda method: lambda self, *given, **options: (7,),
          it_asks_no_more_than_it_says),
)  # fmt: skip
