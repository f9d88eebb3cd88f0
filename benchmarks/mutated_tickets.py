"""What becomes of damaged and hostile tickets: each is refused by one `TicketError`, at once and for little memory.

    python benchmarks/mutated_tickets.py                    100,000 of them
    python benchmarks/mutated_tickets.py --quick            4,000
    python benchmarks/mutated_tickets.py --count 10000 --seed 3

Tickets of every kind and form are changed in a few bytes, in the values and names of their header, in its nesting, in
their codes and arrays, cut, lengthened and put together from two. Half are sealed anew, so that the change reaches what
lies behind the seal. The bars: no exception but TicketError, none over a second of the processor, none over twice its
file and 64 MB (tracemalloc, which sees what Python and numpy set aside; the coder holds at most 32 MB beside), none
silently wrong: one whose seal was not made anew never loads, and one that loads is consistent, which is that all it
says of itself agrees with its tensors, and that it is the same ticket after being saved and loaded again.
"""

import argparse
import hashlib
import json
import random
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch

from tombola.errors import TicketError
from tombola.masks.masks import Masks
from tombola.tickets.ticket import Lineage, Ticket

SEAL = slice(75, 139)
ROOM = 64 * 2**20
SECOND = 1.0

Change = Callable[[bytearray, random.Random], bytearray]


def main() -> int:
    """Print what became of them; 1 where a bar is missed."""
    options = arguments()
    rng, begun = random.Random(options.seed), time.monotonic()
    found: Counter[str] = Counter()
    worst = {"seconds": 0.0, "bytes beyond the file twice": 0.0}
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        originals = samples(Path(folder))
        path = Path(folder) / "x.ticket"
        tracemalloc.start()
        for number in range(options.count):
            data, sealed = mutated(rng.choice(originals), rng.choice(originals), rng)
            path.unlink(missing_ok=True)
            path.write_bytes(data)
            found[judged(path, data, originals, sealed, worst)] += 1
            if (number + 1) % 10_000 == 0:
                print(f"{number + 1:,}: {dict(found)}", flush=True)
    wrong = sum(
        count for what, count in found.items() if what not in ("refused", "loaded, and consistent", "unchanged")
    )
    for what, count in found.most_common():
        print(f"{count:9,} {what}")
    print(
        f"{options.count:,} mutated tickets in {time.monotonic() - begun:.0f} s: {wrong} wrong; at worst"
        f" {worst['seconds']:.2f} s and {worst['bytes beyond the file twice'] / 2**20:.1f} MB beyond twice the file"
    )
    return 1 if wrong else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="4,000 of them")
    options = parser.parse_args()
    options.count = 4_000 if options.quick else options.count
    return options


def samples(folder: Path) -> list[bytes]:
    """Whole tickets: mask-only and self-contained, of every form, with odd dtypes and shapes."""
    drawn = torch.Generator().manual_seed(0)
    rows = torch.rand(4, 6, 3, 3, generator=drawn) < 0.3
    ranks = torch.rand(12, 8, 4, generator=drawn).argsort(-1) < 2
    masks = {
        "plain": torch.rand(8, 6, 3, 3, generator=drawn) < 0.2,
        "kernels": (torch.rand(8, 8, 1, 1, generator=drawn) < 0.4).expand(8, 8, 3, 3),
        "alike": rows[torch.arange(48) * 7 % 4],
        "nm": ranks.reshape(12, 32),
        "all": torch.ones(5, dtype=torch.bool),
        "none": torch.zeros(3, 2, dtype=torch.bool),
    }
    weights = {name: torch.randn(mask.shape, generator=drawn) * mask for name, mask in masks.items()}
    more = {"bn.mean": torch.randn(6, generator=drawn), "half": torch.ones(3, dtype=torch.bfloat16)}
    lineage = Lineage(
        model="resnet8", sparsity=0.9, seeds={"draw": 3}, extra={"note": "ü", "nested": [[1, {"a": 2.5}]]}
    )
    one = Masks({"plain": masks["plain"]})
    made = [
        (Ticket(Masks(masks), lineage), "float32"),
        (Ticket(Masks(masks), lineage, {**weights, **more}), "float32"),
        (Ticket(Masks(masks), lineage, {**weights, **more}), "float16"),
        (Ticket(one, Lineage()), "float32"),
        (Ticket(one, Lineage(), {"plain": weights["plain"].double()}), "bfloat16"),
        (Ticket(Masks({}), Lineage()), "float32"),
    ]
    return [
        ticket.save(folder / f"{number}.ticket", values).read_bytes() for number, (ticket, values) in enumerate(made)
    ]


# How they are changed -------------------------------------------------------------------------------------------


def mutated(whole: bytes, other: bytes, rng: random.Random) -> tuple[bytes, bool]:
    """A changed copy, and whether its seal was made anew."""
    data = bytearray(whole)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = rng.choice(CHANGES)(data, rng)
    if rng.random() < 0.1:
        data = data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other)) :]
    sealed = rng.random() < 0.5 and len(data) >= SEAL.stop
    return bytes(sealed_anew(data) if sealed else data), sealed


def sealed_anew(data: bytearray) -> bytearray:
    """The same file with a seal that holds."""
    blank = data[: SEAL.start] + b"0" * 64 + data[SEAL.stop :]
    return blank[: SEAL.start] + hashlib.sha256(blank).hexdigest().encode() + blank[SEAL.stop :]


def bits(data: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.choice((1, 1, 3))):
        if data:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def piece(data: bytearray, rng: random.Random) -> bytearray:
    at, length = rng.randrange(len(data) + 1), rng.randrange(64)
    data[at : at + rng.choice((0, length))] = rng.randbytes(rng.choice((0, length)))
    return data


def token(data: bytearray, rng: random.Random) -> bytearray:
    """One piece of the header's JSON in another's place, the length set right."""
    header = _header(data)
    at = rng.randrange(SEAL.stop - 8, max(len(header), SEAL.stop - 7))
    header[at : at + rng.randrange(4)] = rng.choice(TOKENS)
    return _with_header(data, header)


def value(data: bytearray, rng: random.Random) -> bytearray:
    """Some value of the header, also of the lineage and the mask table inside it, for a hostile one."""
    try:
        header = json.loads(bytes(_header(data)))
        inside = header["__metadata__"]
        name = rng.choice(("masks", "lineage", ""))
        told = json.loads(inside[name]) if name else header
        _replace(told, rng)
        if name:
            inside[name] = json.dumps(told, separators=(",", ":"))
        return _with_header(data, bytearray(json.dumps(header, separators=(",", ":")).encode()))
    except (ValueError, KeyError, TypeError, RecursionError):  # damaged before
        return bits(data, rng)


def array(data: bytearray, rng: random.Random) -> bytearray:
    """Something among the codes and the weights."""
    start = 8 + int.from_bytes(data[:8], "little")
    if start < len(data):
        data[rng.randrange(start, len(data))] = rng.randrange(256)
    return data


def nested(data: bytearray, rng: random.Random) -> bytearray:
    """Brackets by the thousand."""
    header, depth = _header(data), rng.choice((20, 1000, 50_000))
    at = rng.randrange(SEAL.stop - 8, max(len(header), SEAL.stop - 7))
    header[at:at] = rng.choice((b"[", b'{"a":', b"[],")) * depth
    return _with_header(data, header)


CHANGES: tuple[Change, ...] = (bits, piece, token, token, value, value, value, value, array, array, nested)
TOKENS = (b"0", b"9", b"-", b"[", b"]", b"{", b"}", b'"', b"1e9", b"null", b",", b"\\u0000", b"\\\\", b"99999999999999")
VALUES: tuple[object, ...] = (
    0, 1, 2, -1, 3, 7, 8, 255, 2**20, 2**26, 150_000_000, 2**31, 2**40, 2**63, 10**400, 0.5, 1e300, None, True, "", "w",
    "F64", "BOOL", "coded", "full", "none", "float16", "\ud800", "é" * 50, "x" * 5000, [], {}, [1], [2**20, 2**20],
    [2**13] * 2, [1] * 17, [0, 5], {"a": []},
)  # fmt: skip


def _header(data: bytearray) -> bytearray:
    return data[8 : 8 + min(int.from_bytes(data[:8], "little"), len(data))]


def _with_header(data: bytearray, header: bytearray) -> bytearray:
    stop = 8 + min(int.from_bytes(data[:8], "little"), len(data))
    return bytearray(len(header).to_bytes(8, "little")) + header + data[stop:]


def _replace(told: object, rng: random.Random) -> None:
    """One value, wherever it stands, for another one, for none, or for its double."""
    while True:
        keys = list(told) if isinstance(told, dict) else list(range(len(told))) if isinstance(told, list) else []
        if not keys:
            return
        key = rng.choice(keys)
        inner = told[key]  # type: ignore[index]  # it is a mapping or a list
        if isinstance(inner, dict | list) and inner and rng.random() < 0.85:
            told = inner
            continue
        if rng.random() < 0.15:
            del told[key]  # type: ignore[attr-defined]
        elif isinstance(told, list) and rng.random() < 0.3:
            told.append(inner)
        elif isinstance(inner, int) and rng.random() < 0.5:
            told[key] = inner + rng.choice((-8, -1, 1, 4, 8, inner))  # type: ignore[index]
        else:
            told[key] = rng.choice(VALUES)  # type: ignore[index]
        return


# What became of them --------------------------------------------------------------------------------------------


def judged(path: Path, data: bytes, originals: list[bytes], sealed: bool, worst: dict[str, float]) -> str:
    """``refused``, ``loaded, and consistent``, ``unchanged``, or what is wrong with it."""
    tracemalloc.reset_peak()
    before, begun = tracemalloc.get_traced_memory()[0], time.process_time()
    try:
        ticket = Ticket.load(path)
        what = ""
    except TicketError as error:
        what = "refused" if len(str(error)) < 3000 else "WRONG: a message longer than a screen"
    except BaseException as error:
        return f"WRONG: {type(error).__name__}"
    seconds, memory = time.process_time() - begun, tracemalloc.get_traced_memory()[1] - before - 2 * len(data)
    worst["seconds"] = max(worst["seconds"], seconds)
    worst["bytes beyond the file twice"] = max(worst["bytes beyond the file twice"], memory)
    if seconds > SECOND or memory > ROOM:
        return f"WRONG: {seconds:.1f} s, {memory / 2**20:.0f} MB beyond twice its file"
    if what:
        return what
    if data in originals:
        return "unchanged"
    if not sealed:
        return "WRONG: loaded, although its seal is not its own"
    return "loaded, and consistent" if consistent(ticket, path) else "WRONG: loaded, and not consistent"


def consistent(ticket: Ticket, path: Path) -> bool:
    """Whether it is the same after another saving, its tensors of the shapes it says and 0 where they are pruned."""
    if ticket.masks.total > 10**7:  # the zeros that some claim would be gigabytes as dense tensors
        return True
    again = path.with_name("again.ticket")
    loaded = Ticket.load(ticket.save(again, overwrite=True))
    if (
        loaded.masks != ticket.masks
        or loaded.lineage != ticket.lineage
        or (ticket.weights is None) != (loaded.weights is None)
    ):
        return False
    if ticket.weights is None or loaded.weights is None:
        return True
    pruned = all(not ticket.weights[name][~mask].count_nonzero() for name, mask in ticket.masks.items())
    return pruned and all(same(loaded.weights[name], value) for name, value in ticket.weights.items())


def same(left: torch.Tensor, right: torch.Tensor) -> bool:
    """Equal to the last bit, NaN among them."""
    if left.dtype != right.dtype or left.shape != right.shape:
        return False
    return torch.equal(*(side.contiguous().reshape(-1).view(torch.uint8) for side in (left, right)))


if __name__ == "__main__":
    sys.exit(main())
