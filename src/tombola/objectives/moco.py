"""MoCo: one view is to be known by the other one's key among a long queue of keys, from an encoder that follows slowly.

What: The first view of each image gives a query, the second one a key, from a copy of the network that is moved towards
    it after every step: ``momentum`` of itself and the rest of the network. A query's loss is -log of the softmax, over
    cosines / ``temperature``, of its own key among it and the ``queue``, of which the oldest keys make way for the new.
    Keys get no gradient. The copy is under the network's masks: its pruned weights are exactly 0 after every step.
    Batch norm would tell which key was made beside a query: so batch statistics are taken over ``parts`` of a batch,
    and keys are dealt to parts at random, queries in their order. In ``shards`` each shard has a queue of its own, and
    nothing is gathered.
When: Pretraining without labels where batches are small: negatives come from the queue. On the task ``contrastive``,
    whose temperature and loss are not asked for; its scores and headline are.
Cost: Of two views a forward each and one backward, where ``natural`` has two; a second network and the queue in memory
    and in checkpoints. A network that a change puts in its place begins with a fresh queue.
Options: queue, at least the images of a batch and no multiple of it; momentum; temperature; parts. The preset
    ``moco-v2`` has the published 65,536 and 0.999.
Reference: He et al. (MoCo), CVPR 2020, arXiv 1911.05722; Chen et al. (MoCo v2), arXiv 2003.04297; under masks: Chen et
    al. (CV_LTH), CVPR 2021, arXiv 2012.06908.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tombola.attacks._base import Criterion
from tombola.batch import Batch
from tombola.errors import RequestError
from tombola.masks.enforce import Enforcer, Enforces
from tombola.masks.masks import Masks
from tombola.objectives._base import Found, Objective, Progress, Running, Standing
from tombola.objectives._views import require_views
from tombola.spec import option
from tombola.tasks._base import Task
from tombola.tasks._pairs import pairs, unit


@final
class MoCo(Objective):
    """The mean loss of queries among keys of now and before."""

    queue: int = option(4096, "keys of before that a query is told from; at least the images of a batch", ge=1)
    momentum: float = option(0.99, "how much of the key encoder stays at a step", ge=0, lt=1)
    temperature: float = option(0.2, "what cosines are divided by", gt=0)
    parts: int = option(4, "parts of a batch that batch statistics are taken over, two images each at least", ge=1)

    def check(self, task: Task) -> None:
        require_views("moco", task)

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        """Of a batch alone: keys come from the network itself, and the others of the batch are what is told from."""
        queries, keys, places = self.vectors(model, model, batch, generator)
        cosines = queries @ keys.T / self.temperature
        right = torch.arange(len(keys), device=keys.device)
        return Found(F.cross_entropy(cosines, right), torch.cat([queries, keys])[places])

    def begin(self, network: nn.Module, task: Task, *, seed: int) -> Running:
        return Following(self, network, len(task.splits().train))

    def passes(self, classes: int, *, body: bool = True) -> float:
        return 2 if body else 1  # of an image's two views; half of them have a backward

    def vectors(
        self, model: nn.Module, keyed: nn.Module, batch: Batch, generator: torch.Generator
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries and keys (N, D) of length one, and where in both of them, one after the other, each view's is."""
        first, second = pairs(batch.targets).T
        parts = max(1, min(self.parts, len(first) // 2))
        queries = unit(_in_parts(model, batch.part(first), parts))
        with torch.no_grad():
            order = torch.randperm(len(second), generator=generator, device=generator.device).to(second.device)
            keys = unit(_in_parts(keyed, batch.part(second[order]), parts))[order.argsort()]
        return queries, keys, torch.cat([first, second]).argsort()


@dataclass
class Queue:
    """Keys of before, (K, D), and where the oldest one is."""

    keys: Tensor
    oldest: int = 0

    def take(self, keys: Tensor) -> None:
        """Put new keys where the oldest are."""
        places = (self.oldest + torch.arange(len(keys), device=keys.device)) % len(self.keys)
        self.keys[places] = keys
        self.oldest = (self.oldest + len(keys)) % len(self.keys)


@final
class Following(Running):
    """A queue for each part of a step, and a key encoder that follows the network."""

    def __init__(self, objective: MoCo, network: nn.Module, images: int) -> None:
        super().__init__(objective)
        self._images: Final = images
        self._moco: Final = objective
        self._network: Final = network
        self.encoder: Final = copy.deepcopy(network).requires_grad_(requires_grad=False)
        self.queues: Final[dict[int, Queue]] = {}
        self._new: Final[dict[int, Tensor]] = {}
        self._worked: Final[set[int]] = set()
        self._masks: Masks | None = None
        self._enforcers: list[Enforces] = []

    @property
    def parted(self) -> bool:
        return True

    def loss(
        self, model: nn.Module, batch: Batch, criterion: Criterion, *, at: Progress, generator: torch.Generator
    ) -> Found:
        queries, keys, places = self._moco.vectors(model, self.encoder, batch, generator)
        told_from = self._queue(at.part, keys, generator).keys
        cosines = torch.cat([(queries * keys).sum(1, keepdim=True), queries @ told_from.T], 1)
        right = torch.zeros(len(keys), dtype=torch.int64, device=keys.device)
        self._new[at.part] = keys
        return Found(F.cross_entropy(cosines / self._moco.temperature, right), torch.cat([queries, keys])[places])

    def after_backward(self) -> None:
        for part, keys in self._new.items():
            self.queues[part].take(keys)
        self._new.clear()

    def before_first(self, training: Standing) -> None:
        """The encoder's layers are in the modes of the network's: batch norms that stay, stay in both."""
        for mine, theirs in zip(self.encoder.modules(), self._network.modules(), strict=True):
            mine.training = theirs.training
        if self._moco.queue > self._images:
            training.note(
                f"moco: queue={self._moco.queue} is longer than the set, which has {self._images} images, so that an"
                " image is told from keys of its own; write an objective.queue well below that"
            )

    @torch.no_grad()
    def after_step(self, training: Standing) -> None:
        """The encoder follows, its statistics are the network's, and masks are in force on it too."""
        mine: list[Tensor] = [*self.encoder.parameters()]
        theirs: list[Tensor] = [*self._network.parameters()]
        torch._foreach_lerp_(mine, theirs, 1 - self._moco.momentum)
        for own, buffer in zip(self.encoder.buffers(), self._network.buffers(), strict=True):
            own.copy_(buffer)
        for enforcer in self._enforced(training.masks):
            enforcer.enforce()

    def tensors(self) -> dict[str, Tensor]:
        """The encoder's weights, and the queues of the parts that are worked here."""
        found: dict[str, Tensor] = {f"encoder/{name}": parameter for name, parameter in self.encoder.named_parameters()}
        for part in self._worked:
            found[f"{part}/queue"] = self.queues[part].keys
            found[f"{part}/oldest"] = torch.tensor(self.queues[part].oldest)
        return found

    @torch.no_grad()
    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        for name, parameter in self.encoder.named_parameters():
            parameter.copy_(tensors[f"encoder/{name}"])
        for name, keys in tensors.items():
            part, _, what = name.partition("/")
            if what == "queue" and part != "encoder":
                self.queues[int(part)] = Queue(keys.clone(), int(tensors[f"{part}/oldest"]))

    def _queue(self, part: int, keys: Tensor, generator: torch.Generator) -> Queue:
        """Of a part of a step: directions at random at first. Raises `RequestError` where keys would not fit in."""
        if len(keys) > self._moco.queue:
            raise RequestError(
                f"moco: queue={self._moco.queue} is shorter than a batch, which gives {len(keys)} keys; write"
                f" objective.queue={len(keys)} or more, or a smaller batch"
            )
        if part not in self.queues:
            drawn = torch.randn((self._moco.queue, keys.shape[1]), generator=generator, device=generator.device)
            self.queues[part] = Queue(unit(drawn).to(keys.device))
        found = self.queues[part]
        found.keys = found.keys.to(keys.device)
        self._worked.add(part)
        return found

    def _enforced(self, masks: Masks | None) -> list[Enforces]:
        if masks is not self._masks or not self._enforcers:
            own: list[Enforces] = [module for module in self.encoder.modules() if isinstance(module, Enforces)]
            body = self.encoder.get_submodule("body") if masks is not None else self.encoder
            self._masks, self._enforcers = masks, own if masks is None else [*own, Enforcer(body, masks)]
        return self._enforcers


def _in_parts(model: nn.Module, batch: Batch, parts: int) -> Tensor:
    """The network's outputs, each part of the batch by itself, so that batch statistics are its own."""
    pieces = torch.arange(len(batch), device=batch.x.device).tensor_split(parts)
    found = [batch.part(piece) for piece in pieces]
    return torch.cat([model(one.x, **one.more) for one in found])
