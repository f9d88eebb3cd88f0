"""The contract of a search: where the tokens of a prompt come from, given what prompts are worth on the shots."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from tombola.data._tokens import Tokenizer
from tombola.errors import RequestError
from tombola.fitting.session import Session
from tombola.models.network import Network
from tombola.registry import Family, Member
from tombola.transfers.prompt.form import Form, Ids
from tombola.transfers.prompt.rewards import Rewards


@dataclass(frozen=True)
class Language:
    """What a prompt is made of: the network whose words it uses, their tokeniser, and how it stands behind a text."""

    network: Network
    cutting: Tokenizer
    form: Form
    room: int | None = None
    """How many tokens a prompt may have; None where nothing says so."""

    def require_room(self, tokens: int) -> None:
        """Raises `RequestError` for a prompt too long for the network."""
        if self.room is not None and tokens > self.room:
            raise RequestError(
                f"a prompt of {tokens} tokens behind the longest text is more than {self.network.source} takes; write a"
                f" smaller length for the texts, or at most {max(0, self.room)} tokens"
            )

    def vocabulary(self, most: int) -> list[int]:
        """Up to so many frequent whole words, one token each."""
        if found := self.cutting.frequent(most):
            return found
        raise RequestError(
            "the tokeniser has no whole word that is one token; write search=none, or search=manual:TEXT"
        )


class Search(Member):
    """Finds a prompt. Nothing given is changed but ``rewards``, which remember what they were asked."""

    family: ClassVar[Family] = Family("searches", "tombola.transfers.searches")

    @property
    @abstractmethod
    def most(self) -> int:
        """The most different prompts whose reward is asked."""

    @abstractmethod
    def find(self, rewards: Rewards, language: Language, *, seed: int, session: Session) -> Ids:
        """The prompt's tokens; the same for the same seed."""
