"""What every objective keeps: a mean loss that its generator decides, gradients for the weights, modes as given."""

import torch
from tests.fitting.toys import Toy
from tests.objectives.toys import batch, cross_entropy, loss_of, small_net
from torch import Tensor, nn

from tombola.batch import Batch
from tombola.models.source import Source
from tombola.objectives._base import START, Found, Objective, Progress, Running

from .costs import counted, forward
from .faults import NAN, Fault, first, gives, luck
from .room import Check, finite, rng


def net_for(objective: Objective) -> nn.Module:
    """The toy net, or the one that it says it wants."""
    return Source.parse(objective.NET).load(num_classes=3, seed=0).train() if objective.NET else small_net()


def trained(objective: Objective, seed: int = 3) -> tuple[nn.Module, Tensor]:
    """The toy network after one backward, and the loss."""
    net, (x, targets) = small_net(), batch()
    loss, outputs = loss_of(objective, net, x, targets, generator=rng(seed))
    assert (outputs.shape, loss.shape) == ((6, 3), ())
    torch.autograd.backward(loss)
    return net, loss.detach()


def gradients(net: nn.Module) -> list[Tensor]:
    """One for every parameter."""
    found = [parameter.grad for parameter in net.parameters()]
    assert all(gradient is not None for gradient in found), "a weight got no gradient"
    return [gradient for gradient in found if gradient is not None]


def it_gives_a_finite_loss_with_gradients_for_every_weight(objective: Objective) -> None:
    net, loss = trained(objective)
    finite(loss)
    for gradient in gradients(net):
        finite(gradient)


def a_step_down_its_gradient_lowers_it(objective: Objective) -> None:
    net, before = trained(objective)
    with torch.no_grad():
        for parameter, gradient in zip(net.parameters(), gradients(net), strict=True):
            parameter.sub_(gradient, alpha=0.01)
    x, targets = batch()
    after, _ = loss_of(objective, net, x, targets, generator=rng(3))
    assert float(after.detach()) < float(before)


def its_generator_decides_everything(objective: Objective) -> None:
    before = torch.get_rng_state()
    (one, loss), (other, again) = trained(objective), trained(objective)
    assert torch.equal(loss, again)
    assert all(map(torch.equal, gradients(one), gradients(other)))
    assert torch.equal(torch.get_rng_state(), before), "torch's own random numbers were drawn from"


def it_leaves_modes_flags_weights_and_images_alone(objective: Objective) -> None:
    net, (x, targets) = small_net(), batch()
    net[1].eval()
    next(net.parameters()).requires_grad = False
    kept = [tensor.clone() for tensor in (x, targets, *net.parameters())]
    loss, _ = loss_of(objective, net, x, targets, generator=rng())
    assert [module.training for module in net] == [True, False, True, True, True]
    assert [parameter.requires_grad for parameter in net.parameters()] == [False, *[True] * 5]
    assert all(parameter.grad is None for parameter in net.parameters()), "a loss must not leave gradients"
    assert all(map(torch.equal, (x, targets, *net.parameters()), kept))
    assert loss.requires_grad


def it_runs_under_bfloat16_with_float32_gradients(objective: Objective) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        net, loss = trained(objective)
    finite(loss)
    assert {gradient.dtype for gradient in gradients(net)} == {torch.float32}


def a_step_costs_what_it_says(objective: Objective) -> None:
    for body in (True, False):
        passes = objective.passes(4, body=body)
        if passes is None or objective.NET:  # its net cannot be kept from being moved
            return
        net, x, targets = forward()
        for name, parameter in net.named_parameters():
            parameter.requires_grad_(body or name.startswith("head"))
        running = objective.begin(net, Toy(), seed=0)
        with counted() as counter:
            loss, _ = running.loss(net, Batch(x, targets), cross_entropy, at=START, generator=rng())
            torch.autograd.backward(loss)
        assert abs(counter.passes / passes - 1) < 0.02


def what_it_carries_is_restored(objective: Objective) -> None:
    """A training that goes on from a checkpoint has the same next loss as one that was never stopped."""
    losses = []
    for stopped in (False, True):
        net, (x, targets) = net_for(objective), batch()
        running = objective.begin(net, Toy(), seed=0)
        for step in range(2):
            at = Progress(step, 2)
            loss, _ = running.loss(net, Batch(x, targets), cross_entropy, at=at, generator=rng(step))
            torch.autograd.backward(loss)
            running.after_backward()
            if stopped and step == 0:
                carried = {name: tensor.clone() for name, tensor in running.tensors().items()}
                running = objective.begin(net, Toy(), seed=0)
                running.restore(carried)
        losses.append(loss.detach())
    assert torch.equal(*losses)


CHECKS: tuple[Check, ...] = (
    what_it_carries_is_restored,
    it_gives_a_finite_loss_with_gradients_for_every_weight,
    a_step_down_its_gradient_lowers_it,
    its_generator_decides_everything,
    it_leaves_modes_flags_weights_and_images_alone,
    it_runs_under_bfloat16_with_float32_gradients,
    a_step_costs_what_it_says,
)


def forgetful(running: Running) -> Running:
    """The same, which takes nothing from a checkpoint."""
    running.restore = lambda tensors: None  # type: ignore[method-assign]  # what is wrong with it
    return running


FAULTS: tuple[Fault, ...] = (
    Fault("forgets what it carried", "free", "begin", gives(forgetful), what_it_carries_is_restored),
    Fault(
        "gives NaN",
        "natural",
        "loss",
        gives(lambda f: Found(f[0] * NAN, f[1])),
        it_gives_a_finite_loss_with_gradients_for_every_weight,
    ),
    Fault(
        "goes uphill",
        "natural",
        "loss",
        gives(lambda f: Found(9 - 0 * f[0] + (f[0] - f[0].detach()) * -1, f[1])),
        a_step_down_its_gradient_lowers_it,
    ),
    Fault("has no seed", "natural", "loss", gives(lambda f: Found(luck(f[0]), f[1])), its_generator_decides_everything),
    Fault(
        "turns the net off",
        "natural",
        "loss",
        first(lambda model, *rest: model.eval()),
        it_leaves_modes_flags_weights_and_images_alone,
    ),
    Fault(
        "costs more than it says",
        "natural",
        "loss",
        first(lambda model, shown, *rest: model(shown.x)),
        a_step_costs_what_it_says,
    ),
)
