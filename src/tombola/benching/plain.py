"""A bench as JSON holds it: times in milliseconds."""

from dataclasses import asdict
from math import isfinite
from typing import Any

from tombola.benching.result import Measured, Result
from tombola.benching.verdict import verdict


def plain(result: Result) -> dict[str, Any]:
    """Numbers, texts and lists alone, the engines in the table's order."""
    return {
        "model": result.model,
        "machine": result.machine,
        "setting": _setting(result),
        "sparsity": result.sparsity,
        "kept": result.kept,
        "total": result.total,
        "samples": result.samples,
        "test_images": result.of,
        "calibrated_on": result.calibrated or None,
        "alike": result.alike,
        "best_dense": _name(result.best_dense),
        "best_dense_int8": _name(result.best_dense_in("int8")),
        "best_dense_float32": _name(result.best_dense_in("float32")),
        "verdict": verdict(result),
        "engines": [_plain(result, engine) for engine in result.in_order],
        "left_out": dict(result.left_out),
    }


def _plain(result: Result, engine: Measured) -> dict[str, Any]:
    return {
        "engine": engine.engine,
        "uses_zeros": engine.uses_zeros,
        "arithmetic": engine.arithmetic,
        "p50_ms": round(1e3 * engine.times.p50, 4),
        "p90_ms": round(1e3 * engine.times.p90, 4),
        "best_ms": round(1e3 * engine.times.best, 4),
        "processor_ms": round(1e3 * engine.times.processor, 4),
        "runs": engine.times.runs,
        "interrupted": engine.times.interrupted,
        "x_int8": _rounded(result.ratio(engine, "int8")),
        "x_float32": _rounded(result.ratio(engine, "float32")),
        "load_ms": round(1e3 * engine.load, 1),
        "files": dict(engine.files),
        "bytes": engine.bytes,
        "memory_bytes": engine.memory,
        "difference": engine.difference if isfinite(engine.difference) else None,
        "accuracy": engine.accuracy,
        "remarks": list(engine.remarks),
        "layers": [{**asdict(layer), "seconds": round(layer.seconds, 9)} for layer in engine.layers],
    }


def _setting(result: Result) -> dict[str, Any]:
    setting = result.setting
    shown = {"length": setting.shown.shape[-1]} if setting.shown.WHAT == "texts" else {"size": [*setting.shown.shape]}
    return {**shown, "batch": setting.batch, "threads": setting.threads, "pin": list(result.pin)}


def _name(engine: Measured | None) -> str | None:
    return None if engine is None else engine.engine


def _rounded(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio, 4)
