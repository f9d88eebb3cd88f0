"""No prompt: the class's word is asked for right behind the text.

What: the empty prompt.
When: what any prompt must beat.
Cost: none.
Options: none.
Reference: Deng et al. (RLPrompt), EMNLP 2022, arXiv 2205.12548.
"""

from typing import final

from tombola.fitting.session import Session
from tombola.transfers.prompt.form import Ids
from tombola.transfers.prompt.rewards import Rewards
from tombola.transfers.searches._base import Language, Search


@final
class Nothing(Search):
    """The empty prompt."""

    @property
    def most(self) -> int:
        return 1

    def find(self, rewards: Rewards, language: Language, *, seed: int, session: Session) -> Ids:
        language.require_room(0)
        rewards([()])
        return ()
