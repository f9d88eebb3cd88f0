"""`load_texts`: an exported net of texts, as something to call from Python."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final, overload

import numpy as np
import numpy.typing as npt

from tombola.errors import RequestError
from tombola.native.about import About
from tombola.native.started import Floats, Started

if TYPE_CHECKING:
    from torch import Tensor

Whole = npt.NDArray[np.int32]
WRONG: Final = (7, 8, 9)
"""What net.h calls NET_BAD_LENGTH, NET_BAD_ID and NET_BAD_MASK."""


def load_texts(
    folder: Path | str,
    *,
    threads: int = 1,
    batch: int = 1,
    profile: bool = False,
    target: str | None = None,
    extra: Sequence[str] = (),
) -> "TextNet":
    """The net in a folder that ``tombola export --to native`` wrote of a network of texts, built if it was not yet.

    The options are those of `load`.
    """
    return TextNet(Path(folder), threads=threads, batch=batch, profile=profile, target=target, extra=extra)


@final
class TextNet(Started):
    """``net(ids, attention_mask)`` gives logits (N, ``classes``) of texts of up to ``length`` tokens.

    Each text is run at its own length: what it is filled up with costs nothing and changes nothing.
    """

    @property
    def length(self) -> int:
        """Tokens of the longest text that it takes."""
        return self._shown[2]

    @overload
    def __call__(
        self, ids: "Tensor", attention_mask: "Tensor | None" = None, token_type_ids: "Tensor | None" = None
    ) -> "Tensor": ...

    @overload
    def __call__(
        self,
        ids: npt.NDArray[Any],
        attention_mask: npt.NDArray[Any] | None = None,
        token_type_ids: npt.NDArray[Any] | None = None,
    ) -> Floats: ...

    def __call__(self, ids: Any, attention_mask: Any = None, token_type_ids: Any = None) -> "Tensor | Floats":
        """Whole numbers (N, L), and as many of 1 and 0, ones first: a tensor for a tensor, an array for an array."""
        torch = sys.modules.get("torch")  # who has a tensor has imported it; serving a net needs none of it
        given = [_whole(one) for one in (ids, attention_mask, token_type_ids)]
        found = self._run(*given)
        if torch is not None and isinstance(ids, torch.Tensor):
            tensor: Tensor = torch.from_numpy(found)
            return tensor
        return found

    def once(self) -> None:
        self._run(np.full((1, self.length), 1 if self._about.never == 0 else 0, np.int32), None, None)

    def _check_shown(self, about: About) -> None:
        if not about.inputs:
            raise RequestError("this net reads images; load it with tombola.native.load")

    def _run(self, ids: Whole | None, mask: Whole | None, types: Whole | None) -> Floats:
        if ids is None or ids.ndim != 2 or any(one.shape != ids.shape for one in (mask, types) if one is not None):
            shapes = ", ".join("none" if one is None else str(one.shape) for one in (ids, mask, types))
            raise RequestError(
                f"ids, mask and types of shapes {shapes}; they are whole numbers (N, L), all of one shape"
            )
        logits = np.empty((len(ids), self.classes), np.float32)
        with self._lock:
            for start in range(0, len(ids), self.batch):
                some = slice(start, start + self.batch)
                given = [None if one is None else one[some].ctypes.data for one in (ids, mask, types)]
                counts = ids.shape[1], len(ids[some])
                code = self._c.run(self._open(), *given, *counts, logits[some].ctypes.data)
                if code in WRONG:
                    raise RequestError(self._why(ids[some], mask if mask is None else mask[some]))
                self._check(code)
        return logits

    def _why(self, ids: Whole, mask: Whole | None) -> str:
        """What is wrong with texts that the net refused."""
        about = self._about
        if not 1 <= ids.shape[1] <= self.length:
            return (
                f"texts of {ids.shape[1]} tokens; this net was exported for 1 to {self.length}: cut them, or export it"
                " again with --set length=..."
            )
        if mask is not None and ((np.diff(mask, axis=1) > 0).any() or (mask[:, 0] != 1).any() or (mask > 1).any()):
            return "a mask that is not ones, at least one, and then zeros; texts are filled up at their end"
        real = ids if mask is None else ids[mask == 1]
        if about.never is not None and (real == about.never).any():
            return f"the id {about.never} among the tokens of a text, which is this net's padding; mask it, at the end"
        return (
            f"ids from {real.min()} to {real.max()}, and this net's are 0 to {about.words - 1} (their types 0 to"
            f" {max(about.types, 1) - 1}): they are of another tokeniser"
        )


def _whole(given: Any) -> Whole | None:
    """As C reads it; what is no whole number is refused."""
    if given is None:
        return None
    found = np.asarray(given.detach().cpu().numpy() if hasattr(given, "detach") else given)
    if found.dtype.kind not in "iub":
        raise RequestError(f"ids of {found.dtype}; a net of texts takes whole numbers, int32 or int64")
    return np.ascontiguousarray(np.clip(found, -1, np.iinfo(np.int32).max), np.int32)
