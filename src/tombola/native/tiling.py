"""`even`: how many vectors a tile has."""


def even(floats: int, most: int, width: int) -> int:
    """Vectors of ``width`` floats: as many as there may be, and all tiles of almost as many."""
    vectors = max(1, -(-floats // width))
    return -(-vectors // -(-vectors // most))
