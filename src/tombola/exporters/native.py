"""Sparse C: a folder with the net's structure as tables, its surviving weights as data, and what builds and runs it.

What: net.h (a few functions), net.c, net.dat, an example, a classifier of a folder of pictures, Makefile, CMakeLists:
  C11 with GCC's and Clang's vector extensions, no dependency, one block of memory whose size a function tells, threads
  and batch by argument. Batch norms are folded in, the input normaliser is part of it. Where a compiler is at hand the
  folder is built and its answers are compared with torch's.
When: to make zeros count on a CPU. Speed follows the surviving operations: stripe tickets run at nearly the dense rate
  a survivor, element tickets at a quarter to a third of it; a layer too dense to gain is computed densely.
Cost: seconds; a C compiler to build it. ``choose=measure`` builds and times every layer a few ways: half a minute.
Options: ``values`` (how survivors are kept in the file: float32 exactly, float16 or int8 rounded, for smaller files and
  the same float32 arithmetic), ``size`` (of the images, fixed in the folder), ``target`` (the processor), ``choose``
  (each layer's kernel by a model of costs or by measuring), ``task`` (images to compare on, and the accuracy before and
  after), ``prefix`` (of the C names, for several nets).
Reference: what the folder holds and how to use it: docs, "Ship a ticket".
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar, Literal, final

from tombola.data._loading import batches
from tombola.disks import written_folder
from tombola.errors import RequestError
from tombola.exporters._base import Exporter, Reads
from tombola.exporters._masked import masked
from tombola.masks.masks import Masks
from tombola.models.classes import in_order_of, masks_in_order_of
from tombola.models.image_size import shipped_size
from tombola.models.network import Network, num_outputs
from tombola.models.said import told_of
from tombola.native.about import PREFIX
from tombola.native.building import compiler
from tombola.native.checking import Compared, compared, random_images
from tombola.native.folder import Values, layers_of, modelled, prepared, write_program
from tombola.native.lowering import lower
from tombola.native.measuring import measured
from tombola.native.naming import NET
from tombola.native.targets import check_runs_here
from tombola.native.targets import target as target_called
from tombola.native.writing import check_out
from tombola.registry import Examples
from tombola.shown import ShownImages
from tombola.shrinking.shrunk import shrunk
from tombola.spec import option
from tombola.tasks._base import Task

CHECKED = "checked.txt"
CLASSES = "classes.txt"


@final
class Native(Exporter):
    """Writes one folder."""

    READS: ClassVar[Reads] = "images"
    EXAMPLES: ClassVar[Examples] = ({"size": 8},)

    values: Values = option(
        "float32",
        "how survivors are kept in net.dat: float16 and int8 make it smaller, not faster (decoded at the start)",
    )
    size: int | None = option(
        None, "the images' side in pixels; empty: as adapted with, or what the net is for", ge=1, le=8192
    )
    target: Literal["native", "avx512", "avx2", "sse", "neon", "riscv", "plain"] = option(
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
    task: Task | None = option(None, "the task whose test images are compared; empty: a few random images")

    def export(self, model: Network, masks: Masks, out: Path) -> list[Path]:
        self.require_reads(model)
        check_out(out)
        self._check_task(model)
        network = masked(*self._as_the_task_has_them(model, masks))
        program = lower(prepared(self._smaller(network, masks), self._size(network)))
        choose = measured(program, self.target) if self.choose == "measure" else modelled(self.target)
        layers = layers_of(program, self.values, choose)
        told = told_of(network)
        with written_folder(out) as new:
            files = write_program(
                program, layers, new, target=self.target, values=self.values, prefix=self.prefix, told=told
            )
            files += self._beside(network, new)
        return [out / file.name for file in files]

    def _beside(self, network: Network, folder: Path) -> Iterator[Path]:
        """What was found by running the folder and, where they are known, the classes' names."""
        (folder / CHECKED).write_text(self._checked(network, folder) + "\n", "utf-8")
        yield folder / CHECKED
        if names := self._classes(network):
            (folder / CLASSES).write_text("".join(f"{name}\n" for name in names), "utf-8")
            yield folder / CLASSES

    def told(self, files: Sequence[Path]) -> list[str]:
        folder = files[0].parent
        about = json.loads((folder / "net.json").read_text("utf-8"))
        kept = sum(row["survivors"] for row in about["layers"])
        data = (folder / "net.dat").stat().st_size
        return [
            f"{kept:,} weights survive, kept as {about['values']}: {data / max(kept, 1):.2f} bytes each in net.dat",
            (folder / CHECKED).read_text("utf-8").strip(),
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

    def _size(self, network: Network) -> tuple[int, int, int]:
        return shipped_size(network, self.size or (None if self.task is None else self.task.side))

    def _smaller(self, network: Network, masks: Masks) -> Network:
        """The network without channels that do nothing, where they can be taken out."""
        try:
            return shrunk(network, masks, ShownImages(self._size(network)))
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
            return compared(network, folder, [random_images(self._size(network))])
        return compared(network, folder, batches(self.task.splits().test, 64), self.task.scores)
