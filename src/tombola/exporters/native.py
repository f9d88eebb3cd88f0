"""Sparse C: a folder with the net's structure as tables, its surviving weights as data, and what builds and runs it.

What: net.h (a few functions), net.c, net.dat, an example, a classifier of a folder of pictures, Makefile, CMakeLists:
  C11 with GCC's and Clang's vector extensions, no dependency, one block of memory whose size a function tells, threads
  and batch by argument. Batch norms are folded in, convolutions of one map that are added up (RepVGG, MobileOne)
  are one, the input normaliser is part of it. Where a compiler is at hand the folder is built and its answers are
  compared with torch's.
When: to make zeros count on a CPU, of convolutional nets, of transformers of images (ViT, DeiT, Swin, Mixer) and of
  encoders of texts (BERT, RoBERTa, DistilBERT, MiniLM), which take token ids of every length up to one. Speed
  follows the surviving operations: stripe tickets run at nearly the dense rate a survivor, element tickets at a
  quarter to a third of it; a layer too dense to gain is computed densely.
Cost: seconds; a C compiler to build it. ``choose=measure`` builds and times every layer a few ways: half a minute.
Options: ``arithmetic`` (float32; or int8, faster: maps are bytes with one scale each, weights bytes with a scale for
  each output, zeros skipped in cells of four input channels, the pattern ``block:1x4``; then ``images`` or the task's
  training samples are what scales are found on, ``clip`` how, and ``in_float32`` names layers that are left;
  ``sensitivity=measured`` leaves those as well whose rounding moves the logits most, until all of it moves them by no
  more than ``noise``),
  ``values`` (how float32 survivors are kept in the file: exactly, or as float16 or int8 rounded, for smaller files and
  the same arithmetic), ``size`` (of the images, fixed in the folder), ``length`` (of the longest text), ``target`` (the
  processor), ``choose`` (each layer's kernel by a model of costs or by measuring), ``task`` (samples to compare on, and
  the accuracy before and after), ``prefix`` (of the C names, for several nets).
Reference: what the folder holds and how to use it: docs, "Ship a ticket".
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Literal, final

from tombola.data._loading import batches
from tombola.disks import written_folder
from tombola.errors import RequestError
from tombola.exporters._alone.writing import LABELS, PROGRAM, labels
from tombola.exporters._base import Exporter
from tombola.exporters._in_int8 import rounded, samples_of, spared
from tombola.exporters._masked import masked
from tombola.exporters._program_in_c import WORDLESS, program_in_c
from tombola.graphs.graph import Graph
from tombola.graphs.int8.ranges import Clip
from tombola.graphs.int8.sensitivity import Sensitivity
from tombola.masks.masks import Masks
from tombola.models.classes import in_order_of, masks_in_order_of
from tombola.models.network import Network, num_outputs
from tombola.models.said import told_of
from tombola.models.showing import shown_to
from tombola.native.about import PREFIX
from tombola.native.building import compiler
from tombola.native.checking import Compared, compared, random_samples
from tombola.native.folder import Size, Values, layers_of, modelled, prepared, programmed, write_program
from tombola.native.measuring import measured
from tombola.native.naming import NET
from tombola.native.targets import check_runs_here
from tombola.native.targets import target as target_called
from tombola.native.writing import check_out
from tombola.registry import Examples
from tombola.shown import Examples as Samples
from tombola.shown import Shown, ShownImages, ShownTexts
from tombola.shrinking.shrunk import shrunk
from tombola.spec import Json, option
from tombola.tasks._base import Task
from tombola.tasks._texts import tokenizer_named

CHECKED = "checked.txt"
INT8 = "int8"
"""What net.json calls how int8 was found to move the logits."""


@final
class Native(Exporter):
    """Writes one folder."""

    EXAMPLES: ClassVar[Examples] = ({"size": 8},)

    values: Values = option(
        "float32",
        "how survivors are kept in net.dat: float16 and int8 make it smaller, not faster (decoded at the start)",
    )
    size: int | None = option(
        None, "the images' side in pixels; empty: as adapted with, or what the net is for", ge=1, le=8192
    )
    length: int | None = option(
        None, "tokens of the longest text; empty: as adapted with, or what the net is for", ge=2, absent=None
    )
    target: Literal["native", "amx", "avx512", "avx2", "sse", "neon", "dotprod", "riscv", "plain"] = option(
        "native", "the processor the Makefile builds for; native is the one it is built on"
    )
    choose: Literal["model", "measure"] = option(
        "model", "what picks each layer's kernel: a model of costs, or a clock"
    )
    prefix: str = option(
        NET,
        "what every name of the header begins with, and its file's: for several nets in one program",
        pattern=PREFIX,
        absent=NET,
    )
    arithmetic: Literal["float32", "int8"] = option(
        "float32", "what is multiplied: int8 rounds maps too, by scales found on images", absent="float32"
    )
    images: Path | None = option(
        None, "with int8: a folder of pictures to find scales on; empty: training samples of the task", absent=None
    )
    clip: Clip = option(
        "largest", "with int8: a map's range: all that is met, or without what is rare", absent="largest"
    )
    in_float32: tuple[str, ...] = option((), "with int8: layers that stay in float32", absent=())
    sensitivity: Literal["off", "measured"] = option(
        "off", "with int8: measured leaves in float32 what rounding hurts most, layer by layer", absent="off"
    )
    noise: float = option(
        0.01, "how much measured int8 may move the logits, of what tells images apart (variances)", absent=0.01, gt=0
    )
    tokenizer: str | None = option(
        None,
        "of texts: the folder of the tokeniser that cut them; empty: the task's, or as adapted with",
        identity=False,
    )
    task: Task | None = option(None, "the task whose test samples are compared; empty: a few random samples")

    def export(self, model: Network, masks: Masks, out: Path) -> list[Path]:
        return self.export_on(model, masks, out, None)

    def export_on(self, model: Network, masks: Masks, out: Path, examples: Samples | None) -> list[Path]:
        """As `export`; int8 is calibrated on ``examples`` where there are some."""
        check_out(out)
        self._check_task(model)
        network = masked(*self._as_the_task_has_them(model, masks))
        graph = prepared(self._smaller(network, masks), _size(self._shown(network)))
        measured_noise: Sensitivity | None = None
        if self.arithmetic == "int8":
            graph, measured_noise = self._rounded(graph, examples)
        program = programmed(graph, self.values)
        choose = measured(program, self.target) if self.choose == "measure" else modelled(self.target)
        layers = layers_of(program, self.values, choose, self.target)
        told: dict[str, Json] = {**told_of(network)}
        if measured_noise is not None:
            told[INT8] = measured_noise.plain()
        with written_folder(out) as new:
            files = write_program(
                program, layers, new, target=self.target, values=self._kept_as, prefix=self.prefix, told=told
            )
            files += self._beside(network, new)
        return [out / file.name for file in files]

    @property
    def _kept_as(self) -> str:
        return self.values if self.arithmetic == "float32" else "int8 with int8 arithmetic"

    def _rounded(self, graph: Graph, examples: Samples | None) -> tuple[Graph, Sensitivity | None]:
        """The graph in int8, and what was found of its layers where that was asked for."""
        found = examples or samples_of(graph, self.images, self.task)
        if self.sensitivity == "off":
            return rounded(graph, found, self.clip, self.in_float32), None
        return spared(graph, found, self.clip, self.in_float32, self.noise)

    def _beside(self, network: Network, folder: Path) -> Iterator[Path]:
        """What running the folder gave; where they are known the classes' names, and a program that tells them."""
        (folder / CHECKED).write_text(self._checked(network, folder) + "\n", "utf-8")
        yield folder / CHECKED
        if names := self._classes(network):
            (folder / LABELS).write_text(labels(names), "utf-8")
            yield folder / LABELS
        for name, content in program_in_c(network, self.tokenizer or tokenizer_named(self.task)).items():
            (folder / name).write_bytes(content)
            yield folder / name

    def told(self, files: Sequence[Path]) -> list[str]:
        folder = files[0].parent
        about = json.loads((folder / "net.json").read_text("utf-8"))
        kept = sum(row["survivors"] for row in about["layers"])
        data = (folder / "net.dat").stat().st_size
        return [
            f"{kept:,} weights survive, kept as {about['values']}: {data / max(kept, 1):.2f} bytes each in net.dat",
            *([Sensitivity.of(about[INT8]).text()] if INT8 in about else []),
            (folder / CHECKED).read_text("utf-8").strip(),
            *(["predict.py is left out: " + WORDLESS] if "texts" in about and not (folder / PROGRAM).exists() else []),
        ]

    def _check_task(self, model: Network) -> None:
        if self.task is not None and not self.task.fits(model):
            classes, outputs = len(self.task.splits().classes), num_outputs(model.head)
            raise RequestError(
                f"the task has {classes} classes and the model {outputs} outputs; export a ticket that was adapted to"
                " it (tombola transfer), or leave the task out"
            )

    def _as_the_task_has_them(self, model: Network, masks: Masks) -> tuple[Network, Masks]:
        """Both with the outputs in the order of the task's classes; as they are without a task."""
        if self.task is None:
            return model, masks
        classes = self.task.splits().classes
        return in_order_of(model, classes), masks_in_order_of(masks, model, classes)

    def _classes(self, network: Network) -> tuple[str, ...]:
        """The names of the outputs, none where nobody said them."""
        if self.task is not None:
            return self.task.splits().classes
        return () if network.adapted is None else network.adapted.classes

    def _shown(self, network: Network) -> Shown:
        side, length = (None, None) if self.task is None else (self.task.side, self.task.length)
        return shown_to(network, side=self.size or side, length=self.length or length)

    def _smaller(self, network: Network, masks: Masks) -> Network:
        """The network without channels that do nothing, where they can be taken out."""
        try:
            return shrunk(network, masks, self._shown(network))
        except RequestError:
            return network  # what no graph has is named when the whole is traced

    def _checked(self, network: Network, folder: Path) -> str:
        """What the comparison says, or why there was none."""
        try:
            compiler()
            check_runs_here(target_called(self.target))
        except RequestError as error:
            return f"not compared with torch: {error}"
        return "compared with torch: " + self._compared(network, folder).text()

    def _compared(self, network: Network, folder: Path) -> Compared:
        if self.task is None:
            return compared(network, folder, [random_samples(self._shown(network))])
        return compared(network, folder, batches(self.task.splits().test, 64), self.task.scores)


def _size(shown: Shown) -> Size:
    assert isinstance(shown, ShownImages | ShownTexts)
    return shown.size if isinstance(shown, ShownImages) else shown
