"""The prompt that another transfer found, as ``found:dense.ticket``.

What: the tokens that the file of a prompted network holds, asked once here.
When: a prompt found on the dense model is tried on a ticket of it, or one found on the ticket on the dense model.
Cost: none.
Options: path, the .ticket file; what decides is the prompt that it holds, and not where it lies.
Reference: Deng et al. (RLPrompt), EMNLP 2022, arXiv 2205.12548, section 4.3, prompts transferred between models.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self, final

from pydantic import model_validator

from tombola.errors import RequestError
from tombola.fitting.session import Session
from tombola.masks.masks import Masks
from tombola.models.adapted import Adapted
from tombola.registry import Examples
from tombola.spec import option
from tombola.tickets.lineage import Lineage
from tombola.tickets.ticket import Ticket
from tombola.transfers.prompt.form import Ids
from tombola.transfers.prompt.rewards import Rewards
from tombola.transfers.searches._base import Language, Search


@final
class Found(Search):
    """What a file's search came to."""

    ARGUMENT: ClassVar[str | None] = "path"
    EXAMPLES: ClassVar[Examples] = ()

    path: Path | None = option(None, "the .ticket file of a prompted network", identity=False)
    ids: tuple[int, ...] = option(help="the prompt's tokens; read from the file, so write found:FILE.ticket")
    said: str = option("", "the prompt in words, as its tokeniser had them; read from the file", identity=False)

    @classmethod
    def examples(cls, folder: Path) -> list[Self]:
        adapted = Adapted.of({"name": "text"}, size=None, classes=()).replace(found={"prompt": "", "ids": [3, 5]})
        file = folder / "prompted.ticket"
        return [cls(path=file if file.exists() else Ticket(Masks({}), Lineage(adapted=adapted)).save(file))]

    @model_validator(mode="before")
    @classmethod
    def _read(cls, values: Any) -> Any:
        if not isinstance(values, Mapping) or values.get("path") is None:
            return values
        told = _told(Path(values["path"]).expanduser())
        return {**values, "ids": tuple(map(int, told["ids"])), "said": str(told.get("prompt", ""))}

    @property
    def most(self) -> int:
        return 1

    def find(self, rewards: Rewards, language: Language, *, seed: int, session: Session) -> Ids:
        if self.said and language.cutting.said(self.ids) != self.said:
            raise RequestError(
                f"search=found:{self.path}: its prompt is {self.said!r}, whose tokens are"
                f" {language.cutting.said(self.ids)!r} to this tokeniser; name the tokeniser that it was found with, or"
                " write search=manual:TEXT"
            )
        language.require_room(len(self.ids))
        rewards([self.ids])
        return self.ids


def _told(file: Path) -> Mapping[str, Any]:
    """What the search of a file came to."""
    answers = Ticket.load(file).lineage.answers
    found = {} if answers is None or answers.found is None else answers.found
    if "ids" not in found:
        raise ValueError(f"{file} holds no prompt; name a .ticket file that tombola transfer --how prompt wrote")
    return found
