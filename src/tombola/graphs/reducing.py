"""`reduced`: a traced graph as every back end takes it."""

from tombola.graphs.emptying import without_dead
from tombola.graphs.folding import folded
from tombola.graphs.fusing import fused
from tombola.graphs.graph import Graph


def reduced(graph: Graph) -> Graph:
    """The same function in few nodes, and without weights that cannot matter."""
    return fused(without_dead(folded(graph)))
