"""Which models have a name: for lists to read. Nothing is imported that builds them."""

from tombola.models.kinds._base import kinds


def known_models() -> dict[str, str]:
    """Each name, or the form of names, with what it is in a few words."""
    return {name: what for kind in kinds() for name, what in kind.known().items()}
