"""Nets whose arithmetic is int8: cells packed for C."""
