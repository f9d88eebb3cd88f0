"""`Shards`: a step's batch worked in parts, one after the other or in several processes, with the same bits.

Each part has its own forward and backward, its own batch statistics and its own random numbers. What the parts give is
put together in a way that does not depend on which process worked them: gradients are added pairwise (0 with 1, 2 with
3, then those sums, and so on), and buffers are those that part 0 left. Because the number of parts is a power of two,
what one process adds up is always a branch of that tree, and processes add their branches in the same order.

In several processes torch's DDP does the exchange, once a step, while the last part's backward still runs. It wraps the
objective's loss, not the network: attacks inside the loss use the network itself and exchange nothing.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Final, final

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from tombola.attacks._base import Criterion
from tombola.batch import Batch
from tombola.errors import StageError
from tombola.fitting.ranks import Ranks
from tombola.objectives._base import Found, Progress, Running

if TYPE_CHECKING:
    from torch._C._distributed_c10d import GradBucket


@final
class Shards:
    """Works a step's parts. ``network``, and parameters ``beside`` it, get the gradients.

    ``forward`` is how the network is called: compiled, or itself.
    """

    def __init__(
        self, network: nn.Module, beside: Sequence[nn.Parameter], forward: nn.Module, count: int, ranks: Ranks
    ) -> None:
        self.count: Final = count
        self.ranks: Final = ranks
        self.mine: Final = ranks.dealt(count)
        self._trained = [*(parameter for parameter in network.parameters() if parameter.requires_grad), *beside]
        self._sums = _Sums(self._trained)
        self._loss = _Loss(self._trained, forward)
        self._synced = self._wrapped() if ranks.size > 1 else None
        self._buffers = list(network.buffers())

    def work(self, part: Callable[[int], Tensor]) -> Tensor:
        """What ``part(shard)`` gives for this process's parts, in a row; then gradients are sums and buffers settled.

        ``part`` does a forward and a backward, by `loss`, and leaves gradients that are weighted already.
        """
        if self.count == 1:
            return part(0)[None]
        begun = [buffer.clone() for buffer in self._buffers]
        left: list[Tensor] = []
        found = []
        for place, shard in enumerate(self.mine):
            last = shard == self.mine[-1]
            with self._syncing(last):
                found.append(part(shard))
            left = left or [buffer.clone() for buffer in self._buffers]  # of the first part; 0 in the first process
            if not last:
                self._sums.put_away(place)
                _write(self._buffers, begun)
        self._put_together(left)
        return torch.stack(found)

    def loss(
        self, running: Running, batch: Batch, criterion: Criterion, at: Progress, generator: torch.Generator
    ) -> Found:
        """The objective's loss and outputs; its backward exchanges gradients where `work` says so."""
        module = self._loss if self._synced is None else self._synced
        found: Found = module(running, batch, criterion, at, generator)
        return found

    def _put_together(self, left: Sequence[Tensor]) -> None:
        if self._synced is None:
            self._sums.add_all()
        else:
            self._sums.require_whole()
        _write(self._buffers, left)
        if self.ranks.size > 1:
            _broadcast(self._buffers)

    def _syncing(self, last: bool) -> AbstractContextManager[Any]:
        if self._synced is None or last:
            return nullcontext()
        return self._synced.no_sync()

    def _wrapped(self) -> DistributedDataParallel:
        # All processes were found to have the same weights, so nothing is sent first.
        wrapped = DistributedDataParallel(self._loss, init_sync=False)
        # A lambda, since DDP compares the annotations of what it is given with its own.
        wrapped.register_comm_hook(self._sums, lambda sums, bucket: _exchange(sums, bucket))
        return wrapped


class _Loss(nn.Module):
    """An objective's loss as a module of the trained parameters. Attacks in it call the network, not the module."""

    def __init__(self, trained: Sequence[nn.Parameter], forward: nn.Module) -> None:
        super().__init__()
        self.trained = nn.ParameterList(trained)
        self._forward_by = (forward,)  # in a tuple, so that it is no part: DDP is to see no buffer and no mode

    def forward(
        self, running: Running, batch: Batch, criterion: Criterion, at: Progress, generator: torch.Generator
    ) -> Found:
        return running.loss(self._forward_by[0], batch, criterion, at=at, generator=generator)


class _Sums:
    """Sums of gradients of neighbouring parts, each of 1, 2, 4, ... parts, that wait for the ones they are added to."""

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self._parameters = parameters
        self._places: dict[Tensor, int] = {parameter: place for place, parameter in enumerate(parameters)}
        self._waiting: list[list[Tensor | None]] = []
        self._exchanged = 0

    def put_away(self, place: int) -> None:
        """Take the gradients of the part at ``place`` (from 0) off the parameters, and add what can be added."""
        taken = [parameter.grad for parameter in self._parameters]
        for parameter in self._parameters:
            parameter.grad = None
        while place & 1:
            taken = [_added(mine, theirs) for mine, theirs in zip(taken, self._waiting.pop(), strict=True)]
            place >>= 1
        self._waiting.append(taken)

    def add_all(self) -> None:
        """Add what waits to the last part's gradients, on the parameters."""
        while self._waiting:
            for parameter, theirs in zip(self._parameters, self._waiting.pop(), strict=True):
                parameter.grad = _added(parameter.grad, theirs)

    def add_to(self, bucket: "GradBucket") -> None:
        """The same for a bucket that DDP is about to exchange."""
        parameters = bucket.parameters()
        for waiting in reversed(self._waiting):
            for parameter, gradient in zip(parameters, bucket.gradients(), strict=True):
                theirs = waiting[self._places[parameter]]
                if theirs is not None:  # the bucket holds a gradient as its parameter lies in memory
                    gradient.as_strided(parameter.shape, parameter.stride()).add_(theirs)
        self._exchanged += len(parameters)

    def require_whole(self) -> None:
        """After an exchange: forget what waited. Raises `StageError` when some parameter had no gradient."""
        whole, self._exchanged = self._exchanged == len(self._parameters), 0
        self._waiting.clear()
        if not whole:
            raise StageError(
                "some of the network's parameters had no gradient, and several processes can only train a network that"
                " uses them all; train it in one process, which gives the same result"
            )


def _added(mine: Tensor | None, theirs: Tensor | None) -> Tensor | None:
    if mine is None or theirs is None:
        return theirs if mine is None else mine
    return mine.add_(theirs)


def _exchange(sums: _Sums, bucket: "GradBucket") -> Any:
    """A future of the sum of all processes' gradients, in the order of the tree.

    Of two processes that is an all-reduce, since a + b is b + a. Of more, an all-reduce would add in an order of its
    own, so each process gets all of them and adds them itself.
    """
    sums.add_to(bucket)
    mine, size = bucket.buffer(), dist.get_world_size()
    if size == 2:
        sent: Any = dist.all_reduce(mine, async_op=True)
        return sent.get_future().then(lambda done: done.value()[0])
    every = mine.new_empty(size * len(mine))
    work: Any = dist.all_gather_into_tensor(every, mine, async_op=True)
    return work.get_future().then(lambda _: _pairwise(every.view(size, -1)))


def _pairwise(every: Tensor) -> Tensor:
    """The sum over the first dimension, neighbours first; its length is a power of two."""
    while len(every) > 1:
        every = every[::2] + every[1::2]
    return every[0]


@torch.no_grad()
def _write(buffers: Sequence[Tensor], values: Sequence[Tensor]) -> None:
    for buffer, value in zip(buffers, values, strict=True):
        buffer.copy_(value)


@torch.no_grad()
def _broadcast(buffers: Sequence[Tensor]) -> None:
    """Give every process the first one's buffers, in one message for each type of number."""
    for kind in dict.fromkeys(buffer.dtype for buffer in buffers):
        alike = [buffer for buffer in buffers if buffer.dtype == kind]
        flat = torch.cat([buffer.reshape(-1) for buffer in alike])
        dist.broadcast(flat, src=0)
        parts = torch.split_with_sizes(flat, [buffer.numel() for buffer in alike])
        _write(alike, [part.view(buffer.shape) for part, buffer in zip(parts, alike, strict=True)])
