"""What torch's attention is in a `Graph`: one operation of queries, keys and values, however it was written."""

from dataclasses import replace
from math import prod, sqrt

import torch
from torch import Tensor

from tombola.graphs.asked import Asked, Scores, Value, viewed
from tombola.graphs.call import Unsupported
from tombola.graphs.growing import seen
from tombola.graphs.tokens import Attention
from tombola.graphs.views import Axis, View, merged


def attention(asked: Asked) -> Value:
    """scaled_dot_product_attention."""
    queries, keys, values = (asked.view(place, name) for place, name in enumerate(("query", "key", "value")))
    mask, causal = asked.get(3, "attn_mask"), asked.get(5, "is_causal", False)
    scale = asked.get(6, "scale")
    if asked.get(7, "enable_gqa", False):
        raise Unsupported("an attention whose heads share keys")
    bias = _causal(queries.shape[-2], keys.shape[-2]) if causal else _mask(mask)
    shape = (*queries.shape[:-1], keys.shape[-2])
    scores = Scores(queries, keys, shape, scale or 1 / sqrt(queries.shape[-1]), bias)
    return _attended(asked, scores, values)


def multiplied(asked: Asked) -> Value:
    """Queries times keys, or weights times values."""
    first, second = asked.get(0, "self"), asked.get(1, "other")
    if isinstance(first, Scores) and first.weights:
        return _attended(asked, first, viewed(second))
    keys = viewed(second)
    turned = View(keys.node, (*keys.dims[:-2], keys.dims[-1], keys.dims[-2]), keys.first)
    return Scores(viewed(first), turned, asked.shape)


def weighted(asked: Asked) -> Value:
    """softmax over the keys."""
    score, dim = asked.get(0, "self"), asked.get(1, "dim")
    if not isinstance(score, Scores) or dim % len(score.shape) != len(score.shape) - 1:
        raise Unsupported("a softmax of what are no scores of an attention over its keys")
    return replace(score, weights=True)


def _attended(asked: Asked, scores: Scores, values: View) -> View:
    queries, keys = scores.queries, scores.keys
    *windows, heads, count, _ = queries.shape
    if keys.shape[:-2] != queries.shape[:-2] or values.shape[:-1] != keys.shape[:-1]:
        raise Unsupported(f"an attention of queries {queries.shape}, keys {keys.shape} and values {values.shape}")
    if prod(windows) * count == 1 or prod(windows) * keys.shape[-2] == 1:
        raise Unsupported("an attention of a single token")
    names = [_by_head(asked, view) for view in (queries, keys, values)]
    features = values.shape[-1]
    op = Attention(heads, scores.scale, _table(scores, prod(windows)), prod(windows))
    shape = (heads * features, *asked.growing.nodes[names[0]].shape[1:])
    name = asked.growing.put(asked.name, op, names, shape)
    place = len(windows)
    return seen(name, (*windows, heads, count, features), (place, place + 2), (*range(place), place + 1))


def _by_head(asked: Asked, view: View) -> str:
    """A map of heads * d channels whose pixels are windows of tokens; as they lie, where they are so already."""
    *windows, heads, count, features = view.shape
    last = len(view.dims) - 1
    pixels = [*range(len(windows)), last - 1]
    own, lie = asked.growing.shape(view), merged(tuple(axis for dim in pixels for axis in view.dims[dim]))
    as_they_lie = lie == (Axis(prod(own[1:]), "pixels", 1),) and view.first[1] == 0
    sides = own[1:] if as_they_lie else (prod(windows), count)
    return asked.growing.arranged(view, (last - 2, last), pixels, (heads * features, *sides))


def _table(scores: Scores, windows: int) -> Tensor | None:
    """The bias as (windows or 1, heads or 1, queries, keys); None where it is zero."""
    if scores.bias is None:
        return None
    shape, bias = scores.queries.shape, scores.bias.float()
    bias = bias.expand(*(1 for _ in range(len(scores.shape) - bias.ndim)), *bias.shape) if bias.ndim else bias
    if not bias.any():
        return None
    wide = bias.expand(scores.shape).reshape(windows, shape[-3], shape[-2], -1)
    if bool((wide == wide[:1]).all()):
        wide = wide[:1]
    return (wide[:, :1] if bool((wide == wide[:, :1]).all()) else wide).contiguous()


def _causal(queries: int, keys: int) -> Tensor:
    return torch.full((queries, keys), -torch.inf).triu(1)


def _mask(given: object) -> Tensor | None:
    if given is None:
        return None
    if not isinstance(given, Tensor):
        raise Unsupported("an attention with a mask that is no constant")
    if given.dtype == torch.bool:
        return torch.zeros(given.shape).masked_fill(~given, -torch.inf)
    return given
