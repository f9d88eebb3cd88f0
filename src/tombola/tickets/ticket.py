"""`Ticket`: masks, optionally the surviving weights, and where they came from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn

from tombola.disks import written_folder
from tombola.errors import RequestError, TicketError
from tombola.masks.enforce import apply_masks
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.hub import on_hub
from tombola.models.network import Network
from tombola.tickets import file
from tombola.tickets.folder import CARD, TICKET, card_in, file_of, named, push
from tombola.tickets.lineage import Lineage
from tombola.tickets.picture import figure_of, html_of
from tombola.tickets.summary import LayerCount, Summary
from tombola.tickets.survivors import Survivors

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Lineage", "Ticket"]

_ALL_THE_SAME: Final = "or pass any_weights=True to put it in all the same"
_LIBRARIES: Final = ("timm", "torchvision")


@dataclass(frozen=True, eq=False)
class Ticket:
    """A sparse subnetwork, by the names of the body's tensors.

    Mask-only (``weights`` is None): one dense model, many tickets. Self-contained: ``weights`` is the body's whole
    state, pruned entries exactly +0.0. Nothing in a ticket is shared with the model it was made from.
    """

    masks: Masks
    lineage: Lineage
    weights: Mapping[str, Tensor] | None = None

    @classmethod
    def of(cls, body: nn.Module, masks: Masks, lineage: Lineage, *, keep_values: bool) -> "Ticket":
        """The ticket of a body, which is not changed; ``keep_values`` makes it self-contained."""
        shapes = {name: value.shape for name, value in body.state_dict().items() if isinstance(value, Tensor)}
        _refuse(_mask_problems(masks, shapes), "the masks do not fit the model")
        return cls(masks, lineage, _survivors(body, masks) if keep_values else None)

    @property
    def kind(self) -> str:
        """``"mask-only"`` or ``"self-contained"``."""
        return "mask-only" if self.weights is None else "self-contained"

    @property
    def sparsity(self) -> float:
        """The part of the masked tensors' weights that is pruned."""
        return self.masks.sparsity

    def apply(self, module: nn.Module, *, digest: str | None = None, any_weights: bool = False) -> None:
        """Put the ticket into ``module`` in place: pruned weights become exactly +0.0.

        ``module`` is a whole `Network` or its body: any module with these tensors, as timm and torchvision build them.
        A self-contained ticket also sets every other tensor of the body's state. A mask-only ticket drawn from other
        weights, and any ticket of another library's net, is refused unless ``any_weights``; ``digest`` is that of the
        body's weights where it is known already. Nothing is changed when an error is raised.
        """
        body = module.body if isinstance(module, Network) else module
        if not any_weights:
            self.check_of(body, digest=digest, advice=f", {_ALL_THE_SAME}")
        state = {name: value for name, value in body.state_dict().items() if isinstance(value, Tensor)}
        if self.weights is None:
            self.check_fits({name: value.shape for name, value in state.items()})
            apply_masks(body, self.masks)
        else:
            _refuse(_state_problems(self.weights, state), "the ticket does not fit the model")
            with torch.no_grad():
                for name, value in self.weights.items():
                    state[name].copy_(value)

    def check_fits(self, shapes: Mapping[str, torch.Size], *, digest: str | None = None) -> None:
        """Raises `TicketError` unless the masks fit tensors of these shapes, and weights of this digest if given."""
        _refuse(_mask_problems(self.masks, shapes), "the ticket does not fit the model")
        self._check_digest(digest)

    def check_of(self, body: nn.Module, *, digest: str | None = None, advice: str = "") -> None:
        """Raises `TicketError` unless the ticket is of this body: of its library, and a mask-only one of its weights.

        ``digest`` is the weights' where it is known already; ``advice`` ends the message.
        """
        _refuse_other_library(body, self.lineage, advice)
        if self.weights is None:
            self.check_fits(
                {name: value.shape for name, value in body.state_dict().items() if isinstance(value, Tensor)}
            )
            self._check_digest(weights_digest(body) if digest is None else digest, advice)

    def save(self, path: Path | str, values: str = "float32", *, overwrite: bool = False) -> Path:
        """Write the file whole or not at all; refuses to replace one unless ``overwrite``.

        ``values`` is how survivors are kept: ``float32`` bit for bit (other dtypes as they are), ``float16`` or
        ``bfloat16`` rounded to nearest even. Tensors outside the masks are always kept exactly.
        """
        return file.write(Path(path), self.masks, self.weights, self.lineage, values=values, overwrite=overwrite)

    @classmethod
    def load(cls, path: Path | str) -> "Ticket":
        """The ticket in a file, or on a hub as ``hub:OWNER/NAME``; anything but a whole ticket is a `TicketError`."""
        masks, weights, lineage = file.read(file_of(path) if on_hub(path) else Path(path))
        return cls(masks, lineage, weights)

    def save_pretrained(self, folder: Path | str) -> Path:
        """A new folder with the ticket and its card, as `from_pretrained` takes it."""
        out = Path(folder)
        if out.exists():
            raise RequestError(f"{out} exists; choose another name or remove it first")
        with written_folder(out) as new:
            made = card_in(self.save(new / TICKET), out.name)
            (new / CARD).write_text(made, encoding="utf-8")
        return out

    @classmethod
    def from_pretrained(cls, what: Path | str) -> "Ticket":
        """The ticket in a folder of `save_pretrained`, or, where none is called so, of that name on a hub."""
        return cls.load(file_of(named(what)))

    def push_to_hub(self, name: str, *, private: bool = True, beside: Sequence[Path | str] = ()) -> str:
        """The address of the folder OWNER/NAME on a hub that the ticket was sent to, with its card.

        ``beside`` are files that go along: the ``tokenizer.json`` of a ticket for texts, without which none answers.
        """
        with TemporaryDirectory() as place:
            return push(self.save(Path(place, TICKET)), name, private=private, beside=[*map(Path, beside)])

    def rows(self) -> list[LayerCount]:
        """One row a masked tensor: name, shape, kept and total weights."""
        counts = self.masks.counts()
        shapes = self.masks.shapes()
        return [LayerCount(name, tuple(shapes[name]), *count) for name, count in counts.items()]

    def summary(self) -> Summary:
        """Counts and lineage of this ticket, without a file's sizes."""
        return Summary(kind=self.kind, layers=tuple(self.rows()), lineage=self.lineage)

    def plot(self) -> "Figure":
        """A bar a layer: the part of its weights that is kept; ``ticket.plot().savefig("ticket.png")``."""
        return figure_of(self.summary())

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return html_of(self.summary())

    def _check_digest(self, digest: str | None, advice: str = "") -> None:
        drawn_from = self.lineage.weights_digest
        if digest is None or not drawn_from or digest == drawn_from:
            return
        model = self.lineage.model_text or "its model"
        raise TicketError(
            f"this mask-only ticket was drawn from other weights: {model} had the digest {drawn_from[:12]}...,"
            f" this model has {digest[:12]}...; load the model named in the lineage before anything trains it{advice}"
        )


def _survivors(body: nn.Module, masks: Masks) -> Mapping[str, Tensor]:
    kept: dict[str, Tensor] = {}
    for name, value in body.state_dict().items():
        if not isinstance(value, Tensor):
            raise TicketError(f"{name!r} in the model's state is a {type(value).__name__}; a ticket holds tensors only")
        own = value.detach().cpu().clone(memory_format=torch.contiguous_format)
        kept[name] = own.masked_fill_(~masks[name], 0) if name in masks else own
    return MappingProxyType(kept)


def _refuse_other_library(body: nn.Module, lineage: Lineage, advice: str) -> None:
    """Two libraries may call alike the tensors of nets that compute differently."""
    own, of_ticket = type(body).__module__.partition(".")[0], lineage.dense.bare if lineage.dense else ""
    kind = of_ticket.partition(":")[0]
    if own != kind and own in _LIBRARIES and kind in _LIBRARIES:
        raise TicketError(
            f"the ticket is of {of_ticket}, and this net is {own}'s, which may compute something else of the same"
            f" tensors; build {of_ticket}{advice}"
        )


def _mask_problems(masks: Masks, shapes: Mapping[str, torch.Size]) -> list[str]:
    ours = masks.shapes()  # reading a mask would copy it
    problems = [f"no tensor {name!r} in the model" for name in ours if name not in shapes]
    both = [name for name in ours if name in shapes and ours[name] != shapes[name]]
    return problems + [f"{n}: {list(ours[n])} in the ticket, {list(shapes[n])} in the model" for n in both]


def _state_problems(weights: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> list[str]:
    ours = weights.shapes() if isinstance(weights, Survivors) else {n: value.shape for n, value in weights.items()}
    problems = [f"no tensor {name!r} in the model" for name in ours if name not in state]
    problems += [f"no tensor {name!r} in the ticket" for name in state if name not in ours]
    both = [name for name in ours if name in state and ours[name] != state[name].shape]
    return problems + [f"{n}: {list(ours[n])} in the ticket, {list(state[n].shape)} in the model" for n in both]


def _refuse(problems: list[str], what: str, most: int = 12) -> None:
    if not problems:
        return
    left = [f"and {len(problems) - most} more"] if len(problems) > most else []
    hint = "build the model named in the ticket's lineage (a head of another size: load it with num_classes=...)"
    lines = "\n".join(f"  - {problem}" for problem in problems[:most] + left)
    raise TicketError(f"{what}; {hint}:\n{lines}")
