"""What torch does with the ids of tokens in a `Graph`: tables are looked up by them, and padding is told from words."""

from dataclasses import replace

import torch
from torch import Tensor

from tombola.graphs.asked import Asked, Ids, Value, of_last
from tombola.graphs.call import Unsupported
from tombola.graphs.tokens import Embed, TokenIds
from tombola.graphs.views import in_order


def embedded(asked: Asked) -> Value:
    """The rows of a table as a map, a token a pixel."""
    table, ids = asked.get(0, "weight"), asked.get(1, "indices")
    if not isinstance(table, Tensor) or not isinstance(ids, Ids):
        raise Unsupported("a table that is looked up by what are no token ids")
    tokens, features = asked.shape[1:]
    entry = next(iter(asked.growing.nodes))
    op = Embed(table, ids.place, asked.call.state(0))
    name = asked.growing.put(asked.name, op, (entry,), (features, 1, tokens))
    return of_last(((), in_order(tokens, "pixels"), ()), features, name)


def differing(asked: Asked) -> Tensor:
    """Which ids are not a number's: all, as those of a text's own tokens are; the graph's input says so."""
    ids, number = asked.get(0, "self"), asked.get(1, "other")
    nodes = asked.growing.nodes
    entry = nodes[next(iter(nodes))]
    if not isinstance(ids, Ids) or not isinstance(number, int) or ids.place or not isinstance(entry.op, TokenIds):
        raise Unsupported("a comparison of what are no token ids with a number")
    if entry.op.never not in (None, number):
        raise Unsupported(f"token ids that are compared with {entry.op.never} and with {number}")
    nodes[entry.name] = entry.with_op(replace(entry.op, never=number))
    return torch.ones(asked.shape, dtype=torch.bool)
