"""Prune to a latency: the sparsity of every layer follows from what is asked, zeros where time is dear first.

What: a group is kept when what it spares its layer exceeds lambda times what it costs on this machine; lambda is solved
  for the latency. A layer loses the squared scores it prunes over those it keeps, so none is emptied. What a layer
  takes, whatever part of it is kept, comes from the native kernels' cost model (as ``tombola bench --calibrate``
  measured it, else with the numbers that are shipped); a layer that would be as fast dense is kept whole. Then the
  ticket is built and timed in turns with the dense net; where it misses by more than ``tolerance`` the costs are
  corrected, layer by layer, and it is drawn again, up to three times.
When: a net must answer in so many milliseconds, and which sparsity that takes is not the question.
Cost: a pass over the scores and seconds for the costs; to verify, a few builds by a C compiler and timings of a few
  seconds each: half a minute for a ResNet-18.
Options: ``latency``, a part of the latency of the dense net in the same native export on this machine (0.5), or
  milliseconds (3.5ms); ``arithmetic`` of that export: int8 is faster, so it keeps more weights in the same time, and
  its own rounding is not weighed; best asks the model whose ticket loses less (a part is then one of the faster dense
  net); ``score``, ``pattern``, ``prunable``, ``image`` as for omp; ``worth=sum`` counts scores as they
  are, so that layers that are dear for what their weights weigh go nearly whole; ``threads``; ``verify=false`` trusts
  the model. ``costs`` and ``rest``, milliseconds given by hand (of a dense layer, or at equally spaced parts kept, from
  nothing to all), make the draw a matter of numbers alone: nothing is measured and every machine draws the same.
  Without ``costs`` the processor is part of the identity (``machine``); the lineage keeps the costs it was drawn by.
Reference: Shen et al., "HALP: Hardware-Aware Latency Pruning", arXiv 2110.10811; Lagrangian relaxation of a knapsack;
  Lee et al., "Layer-adaptive Sparsity for the Magnitude-based Pruning", ICLR 2021, also weigh within the layer.
"""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, final

import torch
from pydantic import Field, field_validator, model_validator

from tombola.errors import RequestError
from tombola.fitting.probe import NetworkProbe
from tombola.fitting.session import Session
from tombola.machine import processor_kind
from tombola.masks.budgets._floor import FLOOR_HELP
from tombola.masks.budgets._named import check_patterns, matched
from tombola.masks.drawing import groupings
from tombola.masks.patterns._base import Pattern
from tombola.masks.scores._base import Score
from tombola.models.image_size import image_size
from tombola.models.layers import layers_of
from tombola.models.network import Network
from tombola.models.prunable import PrunableRule, prunable
from tombola.native.calibration import found as calibrated
from tombola.registry import Examples
from tombola.schemes._base import Rung, Scheme
from tombola.schemes._drawn import mask_only
from tombola.schemes.latency.asked import Asked
from tombola.schemes.latency.curve import Costs, Curve
from tombola.schemes.latency.lineage import remembered, said
from tombola.schemes.latency.ranked import Ranked
from tombola.schemes.latency.search import search
from tombola.schemes.latency.way import Way, best
from tombola.schemes.latency.within_time import Worth
from tombola.spec import option
from tombola.tasks._base import Task

if TYPE_CHECKING:
    from tombola.schemes.latency.native_time import Arithmetic

Milliseconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@final
class Latency(Scheme):
    """One ticket that is as fast as asked."""

    ARGUMENT: ClassVar[str | None] = "latency"
    EXAMPLES: ClassVar[Examples] = ({"latency": 0.5, "costs": {".": 1.0}},)

    latency: float | str = option(help="a part of the dense net's latency, as 0.5, or milliseconds, as 3.5ms")
    score: Score = option("magnitude", "what a weight is worth", validate_default=True)
    pattern: Pattern = option("element", "which weights live or die together", validate_default=True)
    prunable: PrunableRule = option(
        "double_win", "which tensors may be pruned: double_win, cv_lth, open_lth or re:PATTERN", validate_default=True
    )
    image: int | None = option(None, "pixels of an image's side; left out, what the net is made for", ge=1)
    worth: Worth = option(
        "share", "what a group counts by: its part of what its layer keeps, in squares, or its score alone"
    )
    floor: int = option(1, FLOOR_HELP, ge=0)
    arithmetic: Literal["float32", "int8", "best"] = option(
        "float32", "what the export multiplies; best: the one whose ticket loses less of its scores", absent="float32"
    )
    threads: int = option(1, "threads that the net runs on", ge=1)
    verify: bool = option(default=True, help="export, build and time it, and correct what was predicted")
    tolerance: float = option(0.05, "how far from the latency asked the measured one may be", gt=0, lt=1)
    costs: dict[str, list[Milliseconds] | Milliseconds] | None = option(
        None,
        "milliseconds of layers by regular expression, dense or at equally spaced parts kept; empty: this machine's",
    )
    rest: float = option(0.0, "milliseconds of everything else, where costs are given", ge=0)
    machine: str = option("", "the processor that it is for; filled in unless costs are given")

    @model_validator(mode="before")
    @classmethod
    def _a_matter_of_numbers_or_of_this_machine(cls, values: Any) -> Any:
        if not isinstance(values, Mapping):
            return values
        given = dict(values)
        if given.get("costs") is not None:
            return {"verify": False, **given}
        return given if given.get("machine") else {**given, "machine": processor_kind()}

    @field_validator("latency", mode="before")
    @classmethod
    def _asked(cls, value: Any) -> float | str:
        if isinstance(value, str):
            with suppress(ValueError):
                value = float(value)
        asked = Asked.of(value)
        return asked.part if asked.part is not None else asked.text()

    @field_validator("costs")
    @classmethod
    def _readable(cls, value: dict[str, list[float] | float] | None) -> dict[str, list[float] | float] | None:
        if value is not None:
            check_patterns(dict.fromkeys(value, 0.0), "{layer1: 3.2, layer2: [0.1, 1.4, 2.4]}")
            if short := [name for name, item in value.items() if isinstance(item, list) and len(item) < 2]:
                raise ValueError(
                    f"{short[0]}: two times or more are needed, with nothing kept first, with all kept last"
                )
        return value

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if type(self.pattern).choose is not Pattern.choose:
            raise ValueError(f"pattern {self.pattern.name} fixes itself how much is kept; write element or stripe:4")
        if self.score.num_rounds > 1:
            raise ValueError(f"score {self.score.name} prunes in rounds, a latency is met in one; write score.rounds=1")
        if self.verify and self.costs is not None:
            raise ValueError("verify=true measures this machine and costs are given by hand; leave one of them out")
        if self.arithmetic == "best" and self.costs is not None:
            raise ValueError("costs given by hand are those of one arithmetic; write arithmetic=float32 or int8")
        return self

    @property
    def needs_task(self) -> bool:
        return "data" in self.score.NEEDS or ("image" in self.score.NEEDS and self.image is None)

    @property
    def seeded(self) -> bool:
        return bool({"data", "seed"} & self.score.NEEDS)

    @torch.no_grad()
    def rung(self, model: Network, task: Task | None, start: Rung | None, *, seed: int, session: Session) -> Rung:
        task = task if self.needs_task else None
        weights = prunable(model.body, self.prunable)
        groups = groupings(weights, self.pattern, layers_of(model.body, weights))
        probe = NetworkProbe(model, task, seed=seed, device=session.device, image=self.image)
        with torch.enable_grad():
            scores = self.score.scores(weights, probe)
        ranked = Ranked.of(scores, groups, self.floor, self.worth)
        with ExitStack() as stack:
            by_hand = self._by_hand(ranked)
            if by_hand is None:
                way = self._here(model, ranked, stack, session.reporter.note)
            else:
                way = Way(self.arithmetic, by_hand, Asked.of(self.latency))
            found = search(
                ranked, way.costs, way.asked, way.machine, tolerance=self.tolerance, told=session.reporter.note
            )
        for text in said(found, self, way.arithmetic):
            session.reporter.note(text)
        extra = {"latency": remembered(found, self, way.arithmetic)}
        return Rung(mask_only(model, found.best.masks, self, sparsity=None, rule=self.prunable, task=task, extra=extra))

    def _by_hand(self, ranked: Mapping[str, Ranked]) -> Costs | None:
        if self.costs is None:
            return None
        rows = {pattern: float(number) for number, pattern in enumerate(self.costs)}
        table, each = matched(rows, ranked, "costs"), list(self.costs.values())
        if missing := [name for name in ranked if name not in table]:
            raise RequestError(f"costs: none is given for {', '.join(missing)}; write a pattern for each layer")
        given = {name: each[int(row)] for name, row in table.items()}
        curves = {name: item if isinstance(item, list) else [0.0, item] for name, item in given.items()}
        return Costs({name: Curve.of([ms / 1000 for ms in item]) for name, item in curves.items()}, self.rest / 1000)

    def _here(self, model: Network, ranked: Mapping[str, Ranked], stack: ExitStack, note: Callable[[str], None]) -> Way:
        from tombola.schemes.latency.native_time import NativeTime

        if self.machine != processor_kind():
            raise RequestError(
                f"latency: this ticket is for {self.machine!r} and this machine is {processor_kind()!r}; draw it there,"
                " or give costs by hand"
            )
        if self.verify:
            _require_compiler()
        if calibrated(self.threads) is None:
            note("the costs are first taken to be another machine's; tombola bench --calibrate measures this one's")
        size, asked = image_size(model, self.image), Asked.of(self.latency)
        both: tuple[Arithmetic, ...] = ("float32", "int8")
        natives = [NativeTime(model, size, self.threads, way) for way in both if self.arithmetic in (way, "best")]
        way, native = best(ranked, [(one.arithmetic, one.costs(ranked), one) for one in natives], asked)
        return replace(way, machine=stack.enter_context(native)) if self.verify else way


def _require_compiler() -> None:
    from tombola.native.building import compiler

    try:
        compiler()
    except RequestError as error:
        raise RequestError(f"{error}; or write verify=false: drawn by the model of costs alone") from None
