"""Graphs whose arithmetic is int8: ranges, rounded weights, the graph of cells, which layers stay as they are."""
