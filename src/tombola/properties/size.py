"""Size: what a finished model weighs, in parameters, operations and bytes, and what of it is not zero.

What: the parameters that are not exactly 0 (``size``) of all (``parameters``); the share of zeros among the prunable
  weights (``sparsity``, per cent, both counts in its detail); multiply-accumulates of one image, of all weights of
  layers (``dense_macs``) and of those that are not 0 (``macs``), a weight counting once for each place of the image it
  is used at; the bytes of all parameters and buffers as they are (``dense_bytes``) and with each tensor in whichever
  is smaller, whole or as a bit a value and the values that are not 0 (``bytes``); how many of them tables of words
  hold, which stay dense (``embeddings`` in the detail). Of texts a sample is the first training text, however long.
  Zeros are counted, however they came about; activations' zeros, norms, biases, products of activations (attention)
  and what an embedding looks up are no multiply-accumulates here.
When: beside accuracy, always: speed follows operations, not parameters, and early layers hold most of them.
Cost: one forward pass of one image, on the CPU.
Options: prunable, which weights sparsity is about: a rule as schemes take it.
Reference: counts as in Gale et al., arXiv 1902.09574, and Blalock et al., MLSys 2020, arXiv 2003.03033.
"""

from collections.abc import Iterable, Mapping
from typing import Literal, final

from pydantic import field_validator
from torch import Tensor, nn

from tombola.batch import Batch
from tombola.data._counts import Counts
from tombola.fitting.session import Session
from tombola.masks.analysis import NOTHING, Count
from tombola.models.layers import with_positions
from tombola.models.network import Network
from tombola.models.prunable import PrunableRule, candidates, prunable
from tombola.properties._base import Measurement, Property
from tombola.rows import Scalar
from tombola.spec import option
from tombola.tasks._base import Task


@final
class Size(Property):
    """How small a model is."""

    prunable: PrunableRule = option(
        PrunableRule(), "the weights sparsity is about: a preset's name, re:PATTERN, or a mapping"
    )

    @field_validator("prunable", mode="before")
    @classmethod
    def _from_text(cls, value: object) -> PrunableRule:
        return PrunableRule.parse(value)

    def passes(self, counts: Counts) -> float:
        return 1

    def measure(self, model: Network, task: Task, *, seed: int, session: Session) -> list[Measurement]:
        parameters = total(model.parameters())
        pruned = total(prunable(model.body, self.prunable).values())
        example = task.example()
        kept, dense = operations(model, example)
        sides: dict[str, Scalar] = {"tokens": example.x.shape[1]} if task.side is None else {"pixels": task.side}
        tables: dict[str, Scalar] = {"embeddings": held} if (held := _bytes_of_tables(model)) else {}
        small, whole = bytes_of(model)
        zeros = pruned.whole - pruned.part
        return [
            _measured("size", parameters.part, "parameters", "lower", of=parameters.whole),
            _measured("parameters", parameters.whole, "parameters", "lower"),
            _measured(
                "sparsity",
                100 * (1 - pruned.share),
                "%",
                "neither",
                zeros=zeros,
                of=pruned.whole,
                prunable=str(self.prunable),
            ),
            _measured("macs", kept, "MACs", "lower", **sides, of=dense),
            _measured("dense_macs", dense, "MACs", "lower", **sides),
            _measured("bytes", small, "bytes", "lower", of=whole, **tables),
            _measured("dense_bytes", whole, "bytes", "lower", **tables),
        ]


def total(tensors: Iterable[Tensor]) -> Count:
    """The values that are not 0, of all."""
    return sum((Count(int(tensor.count_nonzero()), tensor.numel()) for tensor in tensors), NOTHING)


def operations(model: Network, example: Batch) -> tuple[int, int]:
    """Multiply-accumulates of one sample, of the weights that are not 0 and of all; the model is not changed."""
    weights = candidates(model.body)
    kept = dense = 0
    for name, layer in with_positions(model, weights, example).items():
        places = layer.positions or 0
        kept += places * int(weights[name].count_nonzero())
        dense += places * weights[name].numel()
    return kept, dense


def bytes_of(module: nn.Module) -> tuple[int, int]:
    """Bytes of the module's state, each tensor in its smaller form, and of its state as it is."""
    state: Mapping[str, Tensor] = module.state_dict()
    small = whole = 0
    for tensor in state.values():
        plain = tensor.numel() * tensor.element_size()
        sparse = -(-tensor.numel() // 8) + int(tensor.count_nonzero()) * tensor.element_size()
        small += min(plain, sparse)
        whole += plain
    return small, whole


def _bytes_of_tables(module: nn.Module) -> int:
    """Bytes of all embeddings, which no rule lets be pruned."""
    tables = {id(table.weight): table.weight for table in module.modules() if isinstance(table, nn.Embedding)}
    return sum(weight.numel() * weight.element_size() for weight in tables.values())


def _measured(
    metric: str, value: float, unit: str, better: Literal["lower", "neither"], **detail: Scalar
) -> Measurement:
    """No test image stands behind a count."""
    return Measurement(metric, float(value), samples=0, unit=unit, better=better, detail=detail)
