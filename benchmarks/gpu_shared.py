"""One training shared by two processes on one device, as a smoke test: it ends, and with one process's weights.

    python benchmarks/gpu_shared.py [--device cuda:0] [--size 64] [--batch 128] [--steps 20]

The processes meet over gloo, which two of them on one GPU can use and NCCL cannot. Prints a line of JSON; the exit code
is 0 where the training ended in both and left the same weights in both. Whether those are also the bits of one process
is told and not asked for: a GPU's convolutions may add in another order.
"""

import argparse
import json
import sys
import time
from functools import partial

from tombola.fitting.fit import Fit
from tombola.fitting.launching import run_on_ranks
from tombola.fitting.seeds import generator
from tombola.fitting.session import Session
from tombola.models.digest import weights_digest
from tombola.models.source import Source
from tombola.spec import build
from tombola.tasks._base import Task


def main() -> int:
    """Train alone, then by two; tell how both ended."""
    options = arguments()
    work = partial(trained, options.net, options.size, options.batch, options.steps, options.device)
    begun = time.perf_counter()
    alone = work()
    between = time.perf_counter()
    both = run_on_ranks(work, 2, "gloo", timeout=60)
    told = {
        "two processes agree": both[0] == both[1],
        "as one process": both[0] == alone,
        "seconds alone": round(between - begun, 1),
        "seconds of two": round(time.perf_counter() - between, 1),
    }
    print(json.dumps(told))
    return 0 if both[0] == both[1] else 1


def arguments() -> argparse.Namespace:
    """What is trained, and where."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", default="torchvision:resnet18")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--device", default="cuda:0")
    return parser.parse_args()


def trained(net: str, size: int, batch: int, steps: int, device: str) -> str:
    """The digest of the weights that a training in two parts ends with."""
    task = Task.parse({"name": "glyphs", "size": size, "num_train": 4 * batch})
    model = task.head(Source.parse(net).load(seed=0), generator=generator(0, "head"))
    fit = build(Fit, {"epochs": f"{steps}it", "batch": batch, "shards": 2})
    return weights_digest(fit.run(model, task, seed=0, session=Session(device=device)))


if __name__ == "__main__":
    sys.exit(main())
