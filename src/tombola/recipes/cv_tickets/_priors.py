"""What both scales share: how a prior is written in an axis, and as what another one's tickets are compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Prior:
    """A way to pretrain, and the training that is a level of iterative pruning on what it was pretrained on."""

    model: str
    source: Mapping[str, Any]
    level: Mapping[str, Any]
    pretrain: Mapping[str, Any] | None = None

    def sets(self, level: str = "") -> dict[str, Any]:
        """What a level of the prior's axis sets; ``level`` is the path of the scheme's own fit, if it has one."""
        drawn = {level: dict(self.level)} if level else {}
        return {**self._pretrained, **drawn}

    def compared(self, called: str, seed: int, *, level: bool) -> dict[str, Any]:
        """`overlap` with its ticket from another pretraining and drawing."""
        drawn = {"draw": {"fit": dict(self.level)}} if level else {}
        prior = {**self._pretrained, **drawn, "pretrain_seed": seed, "seed": seed}
        return {"name": "overlap", "reference": {"called": called, "prior": prior}}

    @property
    def _pretrained(self) -> dict[str, Any]:
        trained = None if self.pretrain is None else dict(self.pretrain)
        return {"model": self.model, "source": dict(self.source), "pretrain": trained}
