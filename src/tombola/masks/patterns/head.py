"""Whole heads of an encoder's attention: query, key, value and what reads them, one group a head.

What: a group is the rows of query, key and value that make one head, and the columns of the output's matrix that read
  it; its score is the mean over all of these. A budget sees one layer an attention.
When: an encoder is to become physically smaller: a head that is gone `tombola export --to shrink` takes out.
Cost: nothing to compute; the mask is a bit a head. Few and large groups: a sparsity is met to half a head.
Options: none. With ``prunable=attention``, since no other matrix has heads; nets of transformers' BERT, RoBERTa,
  ELECTRA, DistilBERT and ModernBERT.
Reference: Michel, Levy & Neubig, "Are Sixteen Heads Really Better than One?", NeurIPS 2019, arXiv 1905.10650.
"""

from collections.abc import Mapping
from typing import ClassVar, final

import torch
from torch import Tensor

from tombola.errors import MaskError
from tombola.masks.budgets._base import Allocation, Budget, Groups
from tombola.masks.layers import Heads, Layer, numbers
from tombola.masks.patterns._base import Grouping, Pattern


@final
class OfHeads(Grouping):
    """The heads of one matrix: pieces of its rows, or of its columns."""

    def __init__(self, layer: Layer, heads: Heads) -> None:
        self._heads, self._shape = heads, layer.shape

    @property
    def sizes(self) -> Tensor:
        return numbers((self._heads.count,), self._shape.numel() // self._heads.count)

    def means(self, values: Tensor) -> Tensor:
        exact = values.float() if values.dtype in (torch.float16, torch.bfloat16) else values
        heads = exact.reshape(self._pieces).movedim(1, 0).flatten(1)
        found: Tensor = (heads.sum(1) / heads.shape[1]).to(values.dtype)
        return found

    def expand(self, values: Tensor) -> Tensor:
        return values.view(1, -1, 1).expand(self._pieces).reshape(self._shape)

    @property
    def _pieces(self) -> tuple[int, int, int]:
        """The matrix as (what stands before, heads, what is inside)."""
        outputs, inputs = self._shape
        before = outputs if self._heads.read else self._heads.parts
        return before, self._heads.count, outputs * inputs // (before * self._heads.count)


@final
class Head(Pattern):
    """Groups of one head."""

    OF: ClassVar[str] = "attention"

    def grouping(self, weight: Tensor, layer: Layer) -> Grouping:
        if layer.heads is None:
            raise MaskError(
                f"pattern head: a matrix of {'x'.join(map(str, layer.shape))} is of no attention whose heads are known;"
                " write prunable=attention, and a net of transformers' BERT, RoBERTa, ELECTRA, DistilBERT or ModernBERT"
            )
        return OfHeads(layer, layer.heads)

    def choose(self, groups: Mapping[str, Groups], sparsity: float, budget: Budget) -> Allocation:
        whole = {names[0]: _together(names, groups) for names in _attentions(groups)}
        found = budget.allocate(whole, sparsity)
        kept = {name: found.kept[names[0]] for names in _attentions(groups) for name in names}
        return Allocation({name: kept[name] for name in groups}, found.notes)


def _attentions(groups: Mapping[str, Groups]) -> list[tuple[str, ...]]:
    """The names of each attention's matrices; raises `MaskError` where some of them may not be pruned."""
    found = dict.fromkeys(item.layer.heads.names for item in groups.values() if item.layer.heads is not None)
    for names in found:
        if missing := [name for name in names if name not in groups]:
            raise MaskError(
                f"pattern head: {', '.join(missing)} may not be pruned, and a head goes with all its weights or not at"
                " all; write prunable=attention"
            )
    return list(found)


def _together(names: tuple[str, ...], groups: Mapping[str, Groups]) -> Groups:
    parts = [groups[name] for name in names]
    sizes = torch.stack([part.sizes for part in parts]).to(parts[0].scores.device)
    scores = torch.stack([part.scores.double() for part in parts])
    return Groups((scores * sizes).sum(0) / sizes.sum(0), sizes.sum(0), parts[0].layer)
