"""A prompt in one's own words, as ``manual:It was``.

What: the text's tokens, behind a space.
When: somebody knows how people would say it; what a search must beat.
Cost: none.
Options: text.
Reference: Schick and Schuetze, EACL 2021, arXiv 2001.07676.
"""

from typing import ClassVar, final

from tombola.fitting.session import Session
from tombola.registry import Examples
from tombola.spec import option
from tombola.transfers.prompt.form import Ids
from tombola.transfers.prompt.rewards import Rewards
from tombola.transfers.searches._base import Language, Search


@final
class Manual(Search):
    """The text that is given."""

    ARGUMENT: ClassVar[str | None] = "text"
    EXAMPLES: ClassVar[Examples] = ({"text": "It was"},)

    text: str = option(help="what stands behind each text", min_length=1)

    @property
    def most(self) -> int:
        return 1

    def find(self, rewards: Rewards, language: Language, *, seed: int, session: Session) -> Ids:
        found = tuple(language.cutting.bare(f" {self.text.strip()}"))
        language.require_room(len(found))
        rewards([found])
        return found
