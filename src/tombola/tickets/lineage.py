"""`Lineage`: where a ticket came from, as plain JSON that outlives the code that wrote it."""

import json
from typing import Any, Final, Self

from pydantic import model_validator

from tombola.errors import OptionError, TicketError
from tombola.models.adapted import Adapted
from tombola.models.older import older_adapted, older_origin
from tombola.models.origin import Origin
from tombola.spec import Spec, build, canonical, option, plain

MOST_ENTRIES: Final = 2**12
"""Of seeds and of versions: each wrong one is a problem of its own to whoever checks them."""
_FLAT: Final = ("seeds", "versions")


class Lineage(Spec):
    """Everything needed to say what a ticket is and to draw it again.

    >>> lineage = Lineage(origin=Origin(source={"name": "resnet8"}, seed=3), sparsity=0.9, seeds={"draw": 0})
    >>> lineage.model_text, lineage.seeds["draw"]
    ('resnet8 (random, seed 3)', 0)
    """

    origin: Origin | None = option(None, "where the dense weights come from that it belongs to", absent=None)
    adapted: Adapted | None = option(None, "the task that its head answers; none before it has one", absent=None)
    model: str = option("", "what tickets before ``origin`` said instead, a sentence")
    weights_digest: str = option("", "sha256 of the dense weights the masks were drawn from; empty when unknown")
    scheme: dict[str, Any] = option({}, "the scheme and its options")
    objective: dict[str, Any] | None = option(None, "the objective trained under while drawing")
    task: dict[str, Any] | None = option(None, "the task trained on while drawing")
    sparsity: float | None = option(None, "the sparsity asked for, of the prunable set", ge=0, le=1)
    prunable: Any = option("", "the rule that named the prunable tensors")
    seeds: dict[str, int] = option({}, "every seed, by what it seeded")
    versions: dict[str, str] = option({}, "versions of Tombola, torch and what else mattered")
    extra: dict[str, Any] = option({}, "anything else worth keeping, as plain JSON")

    @model_validator(mode="before")
    @classmethod
    def _as_plain_json(cls, values: Any) -> Any:
        """Specs become their identity, so what is kept is what the file holds."""
        if not isinstance(values, dict):
            return values
        try:
            return json.loads(canonical(plain(values)))
        except TypeError as error:
            raise ValueError(str(error)) from None

    @property
    def dense(self) -> Origin | None:
        """Where the dense weights come from, of older tickets too; None where nothing is said."""
        return self.origin or older_origin(self.model, self.extra.get("net"))

    @property
    def answers(self) -> Adapted | None:
        """The task that the head answers, of older tickets too."""
        return self.adapted or older_adapted(self.extra)

    @property
    def model_text(self) -> str:
        """The dense model in words; empty where nothing is said."""
        return str(self.dense or "")

    def json_text(self) -> str:
        """The one spelling of this lineage."""
        return canonical(self.identity())

    @classmethod
    def from_json(cls, value: dict[str, Any], what: str = "the lineage") -> Self:
        """The lineage a file holds; raises `TicketError` when it is not one."""
        entries = [len(value), *(len(found) for name in _FLAT if isinstance(found := value.get(name), dict))]
        if max(entries) > MOST_ENTRIES:
            raise TicketError(f"{what}: {max(entries):,} entries where at most {MOST_ENTRIES:,} are allowed")
        try:
            return build(cls, value, what)
        except OptionError as error:
            raise TicketError(str(error)) from None
