"""Nets whose arithmetic is int8: ranges, rounded weights, the graph of cells, and cells packed for C."""
