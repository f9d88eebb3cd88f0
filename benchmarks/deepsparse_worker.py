"""What `benchmarks/beside_deepsparse.py` starts: runs one net for as long as each line of its input says.

    PYTHON deepsparse_worker.py deepsparse NET.onnx FOLDER
    PYTHON deepsparse_worker.py native NATIVE_FOLDER FOLDER

FOLDER holds ``images.npy``. It answers in lines behind a mark: first the logits, then the seconds of every run of a
turn. Python 3.10 reads it too, and nothing of Tombola is loaded for DeepSparse.
"""

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def runner(kind: str, net: str, images: Any) -> Callable[[], Any]:
    """Something to call for the logits of the images."""
    if kind == "deepsparse":
        from deepsparse import compile_model  # type: ignore[import-not-found]  # installed for this script alone

        engine = compile_model(net, batch_size=1, num_cores=1)
        return lambda: engine.run([images])[0]
    from tombola.native.loading import load

    native = load(net)
    return lambda: native(images)


def main() -> None:
    kind, net, folder = sys.argv[1:]
    run = runner(kind, net, np.load(f"{folder}/images.npy"))
    print(">", *run()[0], flush=True)
    for line in sys.stdin:
        taken, begun = [], time.perf_counter()
        while time.perf_counter() - begun < float(line):
            before = time.perf_counter()
            run()
            taken.append(time.perf_counter() - before)
        print(">", *taken, flush=True)


if __name__ == "__main__":
    main()
