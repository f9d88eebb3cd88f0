"""Result rows made by formula, shaped like the demo's: what the report's tests and its preview are drawn from."""

from hashlib import sha256
from random import Random

from tombola.report.about import About
from tombola.rows import Row, Scalar

SPARSITIES = (0.0, 0.5, 0.8, 0.9, 0.95)
_LOSS = {0.0: 0.0, 0.5: 0.4, 0.8: 2.1, 0.9: 7.5, 0.95: 17.0}
_LEVEL = {("linear", "accuracy"): 94.0, ("finetune", "accuracy"): 96.5}


def demo_rows(seeds: int = 3) -> list[Row]:
    """2 priors x 5 sparsities x 2 transfers x 2 properties x seeds; the robust prior leads until it is very sparse."""
    random = Random(7)
    return [
        demo_row(prior, sparsity, transfer, prop, seed, random.gauss(0, 0.5))
        for prior in ("natural", "robust")
        for sparsity in SPARSITIES
        for transfer in ("finetune", "linear")
        for prop in ("accuracy", "adversarial_accuracy")
        for seed in range(seeds)
    ]


def demo_row(prior: str, sparsity: float, transfer: str, prop: str, seed: int, noise: float) -> Row:
    """One value: a level, less a loss that grows with sparsity, plus noise."""
    lead = 2.6 - (4.5 if sparsity >= 0.9 else 0.3 * sparsity) if transfer == "linear" else -0.4
    value = _LEVEL[transfer, "accuracy"] + (lead if prior == "robust" else 0.0) - _LOSS[sparsity] + noise
    if prop == "adversarial_accuracy":
        value = 0.45 * value + (22.0 if prior == "robust" else 0.0) - 0.6 * _LOSS[sparsity] + 2 * noise
    return Row(
        study="demo",
        cell={"prior": prior, "draw.sparsity": sparsity, "transfer": transfer, "draw.scheme": "omp"},
        seed=seed,
        property=prop,
        metric=prop,
        value=round(value, 3),
        unit="%",
        samples=360,
        detail={"eps": 0.03} if prop == "adversarial_accuracy" else {},
    )


def row(
    value: float,
    seed: int = 0,
    prop: str = "accuracy",
    unit: str = "%",
    better: str = "higher",
    samples: int = 100,
    **cell: Scalar,
) -> Row:
    """A row of a cell given by name; two underscores stand for the dot of an axis' path."""
    axes = {axis.replace("__", "."): level for axis, level in cell.items()}
    return Row(cell=axes, seed=seed, property=prop, metric=prop, value=value, unit=unit, better=better, samples=samples)


def demo_about() -> About:
    """What a runner would tell of the demo."""
    return About.of(
        {
            "name": "demo",
            "title": "Does an adversarially trained prior give better tickets than a naturally trained one?",
            "task": "digits",
            "versions": {"tombola": "0.1.0", "torch": "2.11.0", "numpy": "2.3.1", "python": "3.11.9"},
            "machine": {"system": "Linux, x86_64", "cores": 2, "device": "cpu", "precision": "bfloat16"},
            "stages": {
                "pretrain": {"count": 6, "cached": 0, "seconds": 131.2},
                "draw": {"count": 30, "cached": 0, "seconds": 0.9},
                "transfer": {"count": 60, "cached": 12, "seconds": 74.8},
                "measure": {"count": 120, "cached": 0, "seconds": 21.4},
            },
            "seconds": 214.0,
            "commands": ["pip install tombola==0.1.0", "tombola run demo", "tombola report demo"],
            "study": "name: demo\naxes:\n  prior: [natural, robust]\n  draw.sparsity: [0, 0.5, 0.8, 0.9, 0.95]\n",
        }
    )


LAYERS = ("conv1.weight", "layer1.0.conv1.weight", "layer2.0.conv1.weight", "layer10.0.conv1.weight", "fc.weight")


def layer_rows(seeds: int = 2, shared: bool = True) -> list[Row]:
    """Densities as a study measures them: a whole one and one a layer, the same for every transfer of a ticket."""
    random = Random(3)
    rows: list[Row] = []
    for scheme, tilt in (("omp", 1.0), ("random", 0.0)):
        for sparsity in (0.0, 0.8, 0.9):
            for seed in range(seeds):
                wave = random.gauss(0, 0.2)
                for transfer in ("finetune", "linear"):
                    key = f"{scheme}/{sparsity}/{seed}" if shared else ""
                    rows += _densities(scheme, tilt, sparsity, seed, transfer, key, wave)
    return rows


def _densities(scheme: str, tilt: float, sparsity: float, seed: int, transfer: str, key: str, wave: float) -> list[Row]:
    cell: dict[str, Scalar] = {"scheme": scheme, "draw.sparsity": sparsity, "transfer": transfer}
    kept = 100 * (1 - sparsity)
    values = [kept if sparsity == 0 else kept * (1 + tilt * (2 - place) / 4) + wave for place in range(len(LAYERS))]

    def one(metric: str, value: float, **detail: Scalar) -> Row:
        return Row(
            study="layers", cell=cell, seed=seed, property="density", metric=metric, value=round(value, 3), unit="%",
            better="neither", samples=0, detail=detail, key=key,
        )  # fmt: skip

    parts = [one("layer_density", v, layer=LAYERS[k], place=k) for k, v in enumerate(values)]
    return [one("density", kept), *parts]


TARGETS = (
    "aircraft", "birdsnap", "caltech101", "cars", "cifar10", "cifar100",
    "dtd", "flowers", "food", "pets", "sun397", "voc2007",
)  # fmt: skip
LADDER = (0.0, 0.5, 0.8, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)
PROPERTIES = ("accuracy", "adversarial_accuracy", "ood_auroc", "calibration_error", "corruption_error")


def wide_rows(
    targets: int = 6,
    priors: tuple[str, ...] = ("natural", "robust", "smoothing"),
    sparsities: tuple[float, ...] = LADDER,
    seeds: int = 3,
    properties: tuple[str, ...] = PROPERTIES,
    distance: bool = True,
) -> list[Row]:
    """A study of every kind of figure: priors by targets by sparsities, several properties, the distance of each."""
    random = Random(11)
    cells = [(t, p, s, k) for t in range(targets) for p in range(len(priors)) for s in sparsities for k in range(seeds)]
    rows: list[Row] = []
    for t, p, s, seed in cells:
        cell: dict[str, Scalar] = {"prior": priors[p], "target": TARGETS[t], "draw.sparsity": s, "draw.scheme": "omp"}
        common = {"study": "wide", "cell": cell, "seed": seed}
        for name in properties:
            value = _wide_value(name, t, p, s) + random.gauss(0, 0.6)
            rows.append(_wide_row(common, name, round(min(max(value, 0.0), 100.0), 4)))
        if distance:
            far = Row.model_validate({
                **common, "property": "frechet_distance", "metric": "fid", "value": 20.0 + 23.5 * t + 2 * (t % 3),
                "better": "neither", "samples": 2000, "detail": {"features": "inception"}, "key": _key("fid", t, p),
            })  # fmt: skip
            rows.append(far)
    return rows


def _wide_value(name: str, target: int, prior: int, sparsity: float) -> float:
    loss = 34.0 * sparsity**9 + 4 * sparsity
    gain = prior * (0.5 + 0.45 * target - (5.0 if sparsity > 0.96 else 0.0))
    return {
        "accuracy": 88.0 - 3 * target - loss + gain,
        "adversarial_accuracy": 8.0 + 22.0 * prior - 0.5 * loss,
        "ood_auroc": 86.0 - 0.6 * loss + prior,
        "calibration_error": 3.0 + 0.2 * loss + 0.5 * prior,
        "corruption_error": 52.0 + 0.4 * loss - 2.0 * prior,
    }[name]


def _wide_row(common: dict[str, object], name: str, value: float) -> Row:
    better = "lower" if name.endswith("error") else "higher"
    told = {"property": name, "metric": name, "value": value, "unit": "%", "better": better, "samples": 1000}
    return Row.model_validate({**common, **told, "key": _key(name, *map(str, common.values()))})


def _key(*parts: object) -> str:
    return sha256(repr(parts).encode()).hexdigest()
