"""The versions a ticket's lineage names."""

from importlib.metadata import version


def versions() -> dict[str, str]:
    """Tombola's and torch's versions."""
    return {name: version(name) for name in ("tombola", "torch")}
