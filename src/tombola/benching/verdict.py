"""One sentence: whether a ticket's zeros are worth time here, against the best that a user could have instead."""

from tombola.benching.result import Measured, Result


def verdict(result: Result) -> str:
    """In plain words; a dense engine that wins is said to, in int8 as in float32."""
    dense, sparse = result.best_dense, result.best_sparse
    if dense is None or sparse is None:
        return "nothing to compare: an engine that uses zeros and one that does not are both needed"
    if result.alike:
        one = result.setting.shown.WHAT.removesuffix("s")
        return (
            f"this ticket gives every {one} the same logits, so its speed says nothing: a layer has lost all that"
            " leads through it; take less sparsity, or --set budget=uniform"
        )
    return "; ".join([_who(dense, sparse), *_other(result, dense, sparse), *_worth(result, dense, sparse)])


def _who(dense: Measured, sparse: Measured) -> str:
    """Which of the two is faster, and by how much."""
    ours, theirs = (f"{1e3 * engine.times.p50:.2f} ms" for engine in (sparse, dense))
    if dense.times.p50 <= sparse.times.p50:
        return f"{dense.engine} on the dense net is faster than this ticket in {sparse.engine}: {theirs} against {ours}"
    ratio = dense.times.p50 / sparse.times.p50
    return (
        f"this ticket in {sparse.engine} is {ratio:.2f} times as fast as {dense.engine} on the dense net:"
        f" {ours} against {theirs}"
    )


def _other(result: Result, dense: Measured, sparse: Measured) -> list[str]:
    """The same of the best dense engine in the other arithmetic: int8 beside float32, float32 beside anything else."""
    other = "float32" if dense.arithmetic != "float32" else "int8"
    found, ratio = result.best_dense_in(other), result.ratio(sparse, other)
    if found is None or ratio is None:
        return [f"no dense {other} engine was timed beside it"]
    return [f"against {other} ({found.engine}, {1e3 * found.times.p50:.2f} ms) the ticket is {ratio:.2f} times as fast"]


def _worth(result: Result, dense: Measured, sparse: Measured) -> list[str]:
    """What the two answer right; or that nobody knows it of an int8 net that has seen random pixels only."""
    if dense.accuracy is not None and sparse.accuracy is not None:
        both = f"{dense.accuracy:.2f} % in {dense.engine} and {sparse.accuracy:.2f} % in {sparse.engine}"
        return [f"accuracy of {result.samples:,} {result.judged_on} {result.setting.shown.WHAT}: {both}"]
    if result.setting.shown.WHAT == "texts":
        return []
    blind = [engine.engine for engine in (dense, sparse) if engine.arithmetic == "int8" and not result.calibrated]
    return [f"what {' and '.join(blind)} would answer right is unknown: calibrated on random pixels"] if blind else []
