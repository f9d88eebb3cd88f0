"""Seeds for every purpose, derived from one: so a resumed training needs no stored state of any generator."""

import hashlib

import torch


def derive(seed: int, *parts: str | int) -> int:
    """A 63-bit seed for a purpose: ``derive(0, "augment", 120)``. Different parts give unrelated seeds."""
    text = "/".join([str(seed), *map(str, parts)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(seed: int, *parts: str | int, device: torch.device | str = "cpu") -> torch.Generator:
    """A fresh generator on ``device``, seeded by `derive`."""
    return torch.Generator(device=device).manual_seed(derive(seed, *parts))
