"""`NetworkProbe`: what a score may ask of a network, answered without changing it.

Losses are those of the task on its training images as they are, in a seeded order, full batches only. Copies run in
eval mode, so batch norm takes the statistics it holds: a pretrained network is judged as it is used (SNIP's and GraSP's
authors, who prune before any training, let it take each batch's own). The head is the model's own when it has as many
outputs as the task has classes, else a fresh one for the task, the same for the same seed.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import final

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from tombola.batch import Batch, blank
from tombola.errors import MaskError, RequestError, near
from tombola.fitting.devices import device_of
from tombola.fitting.entering import Entering
from tombola.fitting.feed import Feed
from tombola.fitting.seeds import derive, generator
from tombola.models.network import Network
from tombola.tasks._base import Task


@final
class NetworkProbe:
    """Losses on a task's training images, what enters its layers, and the flow of ones, through copies of the network.

    ``image`` is the side of the image of ones; left out it is that of the task's images. In ``training`` copies keep
    the model's modes and images are changed at random, as a step of the training would have it.
    """

    def __init__(
        self,
        model: Network,
        task: Task | None,
        *,
        seed: int,
        device: str,
        image: int | None = None,
        training: bool = False,
    ) -> None:
        self._model = model
        self._task = task
        self._seed = seed
        self._device = device_of(device)
        self._image = image
        self._training = training

    def generator(self, *purpose: str | int) -> torch.Generator:
        return generator(self._seed, "score", *purpose)

    def losses(
        self, weights: Mapping[str, Tensor], *, batch: int, batches: int, temperature: float = 1.0
    ) -> Iterator[Tensor]:
        for outputs, targets in self._answers(weights, batch, batches):
            yield self._asked_task().losses(outputs / temperature, targets).mean()

    @torch.no_grad()
    def entering(self, weights: Mapping[str, Tensor], *, batch: int, batches: int) -> dict[str, Tensor]:
        with Entering(self._for_task.body, weights) as seen:
            for _ in self._answers(weights, batch, batches):
                pass
        return {name: norms.to(weights[name].device) for name, norms in seen.norms().items()}

    def _answers(self, weights: Mapping[str, Tensor], batch: int, batches: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The outputs for one training batch after another with these weights in place, and the targets."""
        network = self._for_task
        _require_fit(network.body, weights)
        train = self._asked_task().splits().train
        with Feed(train, batch, seed=derive(self._seed, "score"), device=self._device, drop_last=True) as feed:
            for step in range(batches):
                shown = self._changed(feed.batch_at(step), step)
                # The fused kernels of attention have no second derivative.
                with self._borrowed(step), sdpa_kernel(SDPBackend.MATH):
                    outputs = functional_call(network, self._placed(weights, "body."), (shown.x,), dict(shown.more))
                yield outputs, shown.targets

    def _changed(self, shown: Batch, step: int) -> Batch:
        if not self._training:
            return shown
        drawn = generator(self._seed, "augment", step, device=self._device)
        return self._asked_task().views(shown, generator=drawn)

    @contextmanager
    def _borrowed(self, step: int) -> Iterator[None]:
        """Layers such as dropout, where they are not in evaluation, draw by the seed; torch's generators stay."""
        with torch.random.fork_rng([self._device] if self._device.type == "cuda" else [], enabled=self._training):
            if self._training:
                torch.manual_seed(derive(self._seed, "layers", step))
            yield

    def flow(self, weights: Mapping[str, Tensor]) -> Tensor:
        example = blank(self._image) if self._image else self._asked_task().example()
        if not example.x.is_floating_point():
            raise RequestError("this score sends ones through the net, and no word is one; write score=snip or wanda")
        _require_fit(self._magnitudes, weights)
        ones = torch.ones_like(example.x, dtype=torch.float64, device=self._device).contiguous()
        placed = {name: weight.double() for name, weight in self._placed(weights, "").items()}
        flow: Tensor = functional_call(self._magnitudes, placed, (ones,)).sum()
        return flow

    def _placed(self, weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
        return {prefix + name: weight.to(self._device) for name, weight in weights.items()}

    def _asked_task(self) -> Task:
        if self._task is None:
            raise RequestError("the score looks at a task's training images, or at their size; write task='digits'")
        return self._task

    @cached_property
    def _for_task(self) -> Network:
        """A copy with a head that fits the task, in eval mode; only what is put in its place gets a gradient."""
        task = self._asked_task()
        fits = task.fits(self._model)
        network = self._model.copy() if fits else task.head(self._model, generator=self.generator("head"))
        network = network.to(self._device).requires_grad_(requires_grad=False)
        return network if self._training else network.eval()

    @cached_property
    @torch.no_grad()
    def _magnitudes(self) -> nn.Module:
        """A copy of the body in float64 and eval mode, every parameter and buffer by its magnitude."""
        body = self._model.copy().body.to(self._device, torch.float64).eval().requires_grad_(requires_grad=False)
        for tensor in [*body.parameters(), *body.buffers()]:
            if tensor.dtype != torch.bool:
                tensor.abs_()
        return body


def _require_fit(body: nn.Module, weights: Mapping[str, Tensor]) -> None:
    parameters = dict(body.named_parameters(remove_duplicate=False))
    for name, weight in weights.items():
        if name not in parameters:
            raise MaskError(f"the network has no weight {name!r}{near(name, list(parameters))}")
        if (shape := parameters[name].shape) != weight.shape:
            raise MaskError(
                f"{name!r} is {tuple(weight.shape)}, where the task needs {tuple(shape)}: a head that is replaced for"
                " the task cannot be scored; leave it out of prunable, or pretrain on this task"
            )
