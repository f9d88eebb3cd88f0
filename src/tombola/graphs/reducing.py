"""`reduced`: a traced graph as every back end takes it."""

from tombola.graphs.emptying import without_dead
from tombola.graphs.folding import folded
from tombola.graphs.fusing import fused
from tombola.graphs.graph import Graph
from tombola.graphs.uniting import united


def reduced(graph: Graph) -> Graph:
    """The same function in few nodes, and without weights that cannot matter."""
    once = folded(graph)
    joined = united(once)
    # what scaled a sum scales one layer by now
    return fused(without_dead(once if joined is once else folded(joined)))
