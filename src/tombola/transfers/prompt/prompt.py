"""A prompt: a frozen language model is told by a few words behind each text what is asked, and answers with a word.

What: no weight changes. Behind every text stands a prompt that a search finds on the training texts (the shots), and
    the model is asked for the next word, or for the one behind a mask; of its logits those of one word a class count.
    ``calibrate=shots`` takes each class's mean log-odds on the shots off them, since models prefer one word whatever
    the text, and sparse ones all the more. Validation and test texts are not looked at.
When: a ticket of a language model, with 16 texts a class (``shots: 16`` of the task) and no training.
Cost: the search's calls times the training texts.
Options: search (none, manual:TEXT, random, rl), words (one for each class, a single token behind a space; the classes'
    names where none are given), calibrate.
Reference: Deng et al. (RLPrompt), EMNLP 2022, arXiv 2205.12548; calibration after Zhao et al., ICML 2021, arXiv
    2102.09690.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal, cast, final

import torch
from pydantic import field_validator

from tombola.batch import Batch
from tombola.data._counts import Counts
from tombola.data._texts import Texts
from tombola.data._tokens import Tokenizer
from tombola.errors import ModelError, RequestError
from tombola.fitting.devices import device_of
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks
from tombola.models.digest import tensors_digest, weights_digest
from tombola.models.embeddings import places_of
from tombola.models.inputs.tokens import Words
from tombola.models.network import Network
from tombola.registry import Examples
from tombola.spec import Json, key, option
from tombola.tasks._base import Task
from tombola.tasks._texts import OfTexts
from tombola.tasks.text import TextClassification
from tombola.transfers._base import Transfer
from tombola.transfers.prompt.form import Form, Ids, form_of
from tombola.transfers.prompt.kept import Kept
from tombola.transfers.prompt.readers import reader_of
from tombola.transfers.prompt.rewards import Rewards
from tombola.transfers.prompt.verbaliser import class_words
from tombola.transfers.searches._base import Language, Search

_ASKED: Final = "rewards.jsonl"


@dataclass(frozen=True)
class Found:
    """What a search came to."""

    prompt: Ids
    offsets: tuple[float, ...]
    reward: float
    calls: int


@final
class Prompt(Transfer):
    """Nothing is new but the words behind each text."""

    EXAMPLES: ClassVar[Examples] = ({"search": {"name": "random", "calls": 40, "tokens": 1}},)

    search: Search = option(
        "random", "where the prompt comes from: none, manual:TEXT, found:FILE, random, rl", validate_default=True
    )
    words: tuple[tuple[str, str], ...] = option(
        (), "class -> the word it is asked for by, as {negative: terrible, positive: great}; empty: the classes' names"
    )
    calibrate: Literal["shots", "nothing"] = option(
        "shots", "what each class's log-odds are balanced on: the training texts, or nothing"
    )

    @field_validator("words", mode="before")
    @classmethod
    def _pairs(cls, value: object) -> object:
        return tuple(value.items()) if isinstance(value, Mapping) else value

    def check(self, task: Task) -> None:
        if not isinstance(task, TextClassification):
            what = "has no classes" if isinstance(task, OfTexts) else "holds no texts"
            raise RequestError(
                f"transfer prompt asks a language model for a text's class, and {task.name} {what}; write a task such"
                " as text:sst2, or transfer: linear"
            )

    def passes(self, counts: Counts) -> float:
        return float((self.search.most + 1) * counts.train)

    def adapt(self, model: Network, masks: Masks, task: Task, *, seed: int, session: Session) -> Network:
        self.check(task)
        texts = cast("TextClassification", task)
        texts.check_net(model)
        device, cutting = device_of(session.device), texts.texts.cutting()
        network = model.copy().to(device).eval()
        network.normalise, network.adapted = Words(), None
        apply_masks(network.body, masks)
        before, form = weights_digest(network.body), form_of(network, cutting)
        train = texts.splits().train
        words = tuple(class_words(dict(self.words), train.classes, cutting))
        language = Language(network, cutting, form, _room(network, texts, form))
        found = self._searched(language, train, words, seed=seed, session=session)
        layer = form.template(found.prompt, words, found.offsets).layer(network.body, generator=generator(seed))
        network.normalise = layer
        _require_same(network, before)
        network.adapted = texts.adapted().replace(found=self._told(found, cutting, train.classes, words))
        return network.cpu().eval()

    def _searched(
        self, language: Language, train: Texts, words: tuple[int, ...], *, seed: int, session: Session
    ) -> Found:
        network = language.network
        shots = _whole(train).to(next(network.parameters()).device)
        reader = reader_of(network, shots, language.form, words)
        kept = None
        if session.folder is not None:
            kept = Kept(session.folder / _ASKED, _question(language, shots, words, self.calibrate))
        rewards = Rewards(reader, train.labels, calibrated=self.calibrate == "shots", kept=kept)
        prompt = self.search.find(rewards, language, seed=seed, session=session)
        return Found(prompt, rewards.offsets(prompt), float(rewards([prompt])), rewards.calls)

    def _told(
        self, found: Found, cutting: Tokenizer, classes: tuple[str, ...], words: tuple[int, ...]
    ) -> dict[str, Json]:
        """What tickets and files remember of it."""
        asked: dict[str, Any] = {name: cutting.said([word]) for name, word in zip(classes, words, strict=True)}
        return {
            "prompt": cutting.said(found.prompt),
            "ids": list(found.prompt),
            "words": asked,
            "search": self.search.name,
            "calibrate": self.calibrate,
            "reward": found.reward,
            "reward_calls": found.calls,
        }


def _whole(train: Texts) -> Batch:
    return train.take(torch.arange(len(train)))


def _question(language: Language, shots: Batch, words: Ids, calibrate: str) -> str:
    """A digest of all that decides what a prompt is worth."""
    texts = {"x": shots.x, "targets": shots.targets, **{f"more.{name}": held for name, held in shots.more.items()}}
    inputs = [weights_digest(language.network.body), tensors_digest(texts)]
    form = language.form
    asked: Json = {"form": [form.ends, *form.tail], "words": [*words], "calibrate": calibrate}
    return key("rewards", 1, asked, inputs)


def _room(network: Network, task: TextClassification, form: Form) -> int | None:
    """How many tokens a prompt may have behind a text of the longest length."""
    most = places_of(network.body)
    return None if most is None else most - task.texts.length - len(form.tail)


def _require_same(network: Network, before: str) -> None:
    """An assertion of ours: nothing touched the weights."""
    if weights_digest(network.body) != before:
        raise ModelError(f"{network.source}: its weights changed while it was prompted, which never may")
