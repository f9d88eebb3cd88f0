"""Repros of the findings about what a ticket is measured against: dense int8, and shrunk nets with odd channels."""

import json
from pathlib import Path

from benchmarks.repros.command import tombola
from benchmarks.repros.finding import expect, finding


@finding("U13", "an export of odd channel counts says what helps, and multiple=8 does", slow=True)
def odd_channels(folder: Path) -> str:
    tombola("draw", "resnet20", "--scheme", "coupled", "--set", "sparsity=0.5", "-o", "t.ticket", folder=folder)
    odd = tombola("export", "t.ticket", "--to", "shrink", "-o", "odd.ticket", folder=folder)
    expect("--set multiple=8" in odd.out, f"no hint in: {odd.out[-300:]}")
    asked = ("--set", "multiple=8", "-o", "even.ticket")
    even = tombola("export", "t.ticket", "--to", "shrink", *asked, folder=folder)
    expect(even.code == 0 and "no multiple of 8" not in even.out, f"still odd: {even.out[-300:]}")
    return " ".join(next(line for line in odd.out.splitlines() if "multiple of 8" in line).split()[:8])


@finding("U14", "bench knows dense int8: first in the table, in the JSON and in the sentence", slow=True)
def dense_int8(folder: Path) -> str:
    asked = [word for name in ("onnxruntime", "onnxruntime:int8", "native") for word in ("--engine", name)]
    tombola("draw", "resnet8", "--set", "sparsity=0.5", "-o", "t.ticket", folder=folder)
    said = tombola("bench", "t.ticket", *asked, "--runs", "20", "--json", folder=folder)
    expect(said.code == 0, said.err[-300:])
    found = json.loads(said.out)
    engines = {engine["engine"]: engine for engine in found["engines"]}
    expect(found["engines"][0]["engine"] == "onnxruntime:int8", "dense int8 does not stand first")
    expect(all(engines["native"][name] for name in ("x_int8", "x_float32")), "a ratio is missing")
    expect("int8" in found["verdict"], f"no word of int8: {found['verdict']}")
    expect("accuracy is unknown" in " ".join(engines["onnxruntime:int8"]["remarks"]), "random pixels are not told")
    return f"{engines['native']['x_int8']:.2f} times as fast as dense int8"
