"""A smaller ticket: the channels that do nothing are taken out of the layers, the logits stay.

What: one self-contained .ticket whose tensors are smaller; ``tombola measure``, ``transfer`` and ``export`` take it as
  any other, and build its net from the name and the shapes it holds. A channel goes when nobody needs it, or when it is
  a constant that the next layer's bias, or one channel in place of many, can carry. Checked before it is written: on
  random images the logits are the masked model's to 1e-5.
When: for tickets of whole channels (pattern channel, scheme coupled); others profit where channels became empty. Of an
  encoder of texts heads go (pattern head), and units between the two layers of a block.
Cost: a second or two to follow the net, two forward passes to check.
Options: ``size`` (of the images the net is followed with; the smaller net takes what the net takes), ``multiple``
  (layers keep a multiple of so many channels, some of them empty: dense engines compute 8 or 16 at once), ``values``
  (how survivors are kept in the file).
Reference: Li et al., arXiv 1608.08710; which channels go together: Fang et al., "DepGraph", arXiv 2301.12900.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Final, Literal, final

from tombola.errors import ModelError, RequestError
from tombola.exporters._base import Exporter
from tombola.exporters._masked import masked
from tombola.masks.masks import Masks
from tombola.models.network import Network, origin_of
from tombola.models.showing import shown_to
from tombola.registry import Examples
from tombola.shrinking.replay import KEY, described
from tombola.shrinking.shrunk import shrunk_with_masks, uneven, worst_difference
from tombola.spec import option
from tombola.tickets.lineage import Lineage
from tombola.tickets.table import summarise
from tombola.tickets.ticket import Ticket

EXACT: Final = 1e-5


@final
class Shrink(Exporter):
    """Writes one self-contained ticket."""

    SUFFIX: ClassVar[str] = ".ticket"
    FILE: ClassVar[str] = "net.ticket"
    EXAMPLES: ClassVar[Examples] = ({"size": 8},)

    size: int | None = option(
        None, "the images' side in pixels; empty: as adapted with, or what the net is for", ge=1, le=8192
    )
    multiple: int = option(1, "layers keep a multiple of so many channels; engines like 8 or 16", ge=1, le=64)
    values: Literal["float32", "float16", "bfloat16"] = option("float32", "how surviving weights are kept in the file")

    def export(self, model: Network, masks: Masks, out: Path) -> list[Path]:
        return self.export_ticket(model, Ticket(masks, Lineage(origin=origin_of(model), adapted=model.adapted)), out)

    def export_ticket(self, model: Network, ticket: Ticket, out: Path) -> list[Path]:
        if out.suffix != ".ticket":
            raise RequestError(f"{out}: what is shrunk is a ticket again; write -o {out.stem}.ticket")
        if out.exists():
            raise RequestError(f"{out} exists; choose another name or remove it first")
        small, masks = self._checked(model, ticket.masks)
        extra = ticket.lineage.extra
        says = described(model, small, extra.get(KEY, {}))
        lineage = ticket.lineage.replace(origin=origin_of(model), adapted=model.adapted, extra={**extra, KEY: says})
        return [Ticket.of(small.body, masks, lineage, keep_values=True).save(out, values=self.values)]

    def told(self, files: Sequence[Path]) -> list[str]:
        found = summarise(files[0])
        before, after = found.lineage.extra[KEY]["parameters"]
        zeros = found.total - found.kept
        weights = Ticket.load(files[0]).weights or {}
        hint = uneven(weights.values())
        return [
            f"{after:,} of {before:,} parameters stay ({after / before:.1%}), the logits as they were",
            *(
                [f"{zeros:,} of them are zeros in layers that share channels; scheme coupled leaves none"]
                if zeros
                else []
            ),
            *([hint] if hint else []),
        ]

    def _checked(self, model: Network, masks: Masks) -> tuple[Network, Masks]:
        shown = shown_to(model, side=self.size)
        small, left = shrunk_with_masks(model, masks, shown, multiple=self.multiple)
        try:
            gap = worst_difference(masked(model, masks), small, shown)
        except RuntimeError as error:
            raise ModelError(f"{model.source}: its own code counts channels, so they cannot be cut ({error})") from None
        if not gap <= EXACT:
            raise ModelError(f"{model.source}: the shrunk net's logits would be off by {gap:.1e}, more than {EXACT:g}")
        return small, left
