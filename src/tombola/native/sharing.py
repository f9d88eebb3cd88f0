"""Which output channels are computed together: those that read the same pixels."""

import numpy as np
import numpy.typing as npt

NOBODY = 65535


def rows_of(kept: npt.NDArray[np.bool_], size: int) -> npt.NDArray[np.int64]:
    """Channels in rows of ``size``, -1 where a row has none left; ``kept`` is (channels, weights).

    Channels whose survivors are the same come into one row as far as they fill it; the others follow as they stand.
    """
    whole, rest = [], []
    for alike in _alike(kept):
        full = len(alike) // size * size
        whole.extend(alike[:full])
        rest.extend(alike[full:])
    order = np.array(whole + sorted(rest), np.int64)
    return np.concatenate([order, np.full(-len(order) % size, -1)]).reshape(-1, size)


def _alike(kept: npt.NDArray[np.bool_]) -> list[list[int]]:
    classes: dict[bytes, list[int]] = {}
    for channel, mask in enumerate(np.packbits(kept, axis=1)):
        classes.setdefault(mask.tobytes(), []).append(channel)
    return list(classes.values())
