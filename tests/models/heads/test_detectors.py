"""torchvision's detectors over maps: losses are its own, boxes told are those that the losses ask for."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tombola.errors import DataError, ModelError
from tombola.models.heads._anchored import anchors, of_each
from tombola.models.heads._base import Features, Head
from tombola.models.heads._detector import Detector
from tombola.models.heads._two_stages import looking_again, proposing
from tombola.models.heads.faster_rcnn import FasterRcnn, drawn_share

HEADS = ("fcos:64", "retinanet:8", "faster_rcnn:4")
SIZE = torch.Size((64, 96))
NONE = [-1.0, 0, 0, 0, 0]
TWO = torch.tensor([[[1.0, 20, 8, 52, 36], [0.0, 60, 20, 84, 60]]])


def detector(head: str) -> Detector:
    found = Head.parse(head)
    assert isinstance(found, Detector)
    return found


def outputs(head: Detector, images: int = 1) -> Tensor:
    """Of a fresh layer, in pixels, at maps of strides 8, 16 and 32."""
    rng = torch.Generator().manual_seed(0)
    layer = head.make(Features(6, levels=(3, 5, 6)), 4 + 2, generator=rng)
    maps = [
        torch.randn(images, channels, 64 // stride, 96 // stride, generator=rng)
        for channels, stride in ((3, 8), (5, 16), (6, 32))
    ]
    with torch.no_grad():
        return head.finished(layer(maps), SIZE)


def fitted(head: Detector, found: Tensor, targets: Tensor) -> Tensor:
    """Outputs whose numbers went down the head's own losses; anchors stay."""
    first = 5 if isinstance(head, FasterRcnn) else 4
    told = found[:, first:].clone().requires_grad_()
    optimizer = torch.optim.Adam([told], lr=0.2)
    for step in range(70):
        optimizer.zero_grad()
        optimizer.param_groups[0]["lr"] = 0.5 * 0.95**step
        classes, edges = head.losses(torch.cat([found[:, :first], told], 1), targets)
        (classes + edges).sum().backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        optimizer.step()
    return torch.cat([found[:, :first], told.detach()], 1)


@pytest.mark.parametrize("name", HEADS)
def test_what_the_losses_ask_for_is_what_is_told(name: str) -> None:
    head = detector(name)
    found = fitted(head, outputs(head), TWO)
    (told,) = head.told(found, least=0.5)
    order = told.classes.argsort(descending=True)
    assert told.classes[order].tolist() == [1, 0], "each once"
    torch.testing.assert_close(told.boxes[order], TWO[0, :, 1:], atol=0.5, rtol=0)
    classes, edges = head.losses(found, TWO)
    before = head.losses(outputs(head), TWO)
    assert float(classes) < 0.2 * float(before[0])
    assert float(edges) < float(before[1])


@pytest.mark.parametrize("name", HEADS)
def test_an_image_without_boxes_has_losses_and_gradients(name: str) -> None:
    head = detector(name)
    found = outputs(head, images=2).requires_grad_()
    targets = torch.cat([torch.tensor([[NONE, NONE]]), TWO])
    classes, edges = head.losses(found, targets)
    (classes + edges).sum().backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    assert (classes.shape, edges.shape) == ((2,), (2,))
    assert float(edges[0].detach()) == 0
    assert found.grad is not None
    assert bool(found.grad.isfinite().all())
    alone = head.losses(found.detach()[1:], TWO)
    torch.testing.assert_close(torch.stack(alone)[:, 0], torch.stack([classes, edges])[:, 1].detach())


def test_losses_of_two_stages_are_torchvisions_where_it_draws_all() -> None:
    from torchvision.models.detection.roi_heads import fastrcnn_loss

    head = detector("faster_rcnn:4")
    found = outputs(head)[:, :, -380:]  # of the anchors few enough that none is left out
    rows = found[0].T
    first, again = rows[rows[:, 4] == 0], rows[rows[:, 4] == 1]
    own, rules = of_each(TWO)[0], proposing()
    (labels,), (boxes,) = rules.assign_targets_to_anchors([first[:, :4]], [own])
    wanted = rules.box_coder.encode_single(boxes, first[:, :4])
    expected: Any = torch.stack(rules.compute_loss(first[:, 17], first[:, 5:9], [labels], [wanted]))
    rules = looking_again()
    (which,), (labels,) = rules.assign_targets_to_proposals([again[:, :4]], [own["boxes"]], [own["labels"] + 1])
    wanted = rules.box_coder.encode_single(own["boxes"][which], again[:, :4])
    expected = expected + torch.stack(fastrcnn_loss(again[:, 17:], again[:, 5:17], [labels], [wanted]))
    assert int((labels > 0).sum()) > 0
    torch.testing.assert_close(torch.stack(head.losses(found, TWO))[:, 0], expected)


def test_anchors_count_as_often_as_they_would_be_drawn() -> None:
    class Sampler:
        batch_size_per_image, positive_fraction = 4, 0.25

    counts = drawn_share(torch.tensor([1, 2, 0, 0, 0, 0, 0, 0, -1]), Sampler)
    assert counts.tolist() == pytest.approx([1 / 8, 1 / 8, *[1 / 8] * 6, 0])
    assert drawn_share(torch.tensor([-1, 0]), Sampler).tolist() == [0, 1]
    assert drawn_share(torch.tensor([-1]), Sampler).tolist() == [0]


def test_anchors_are_torchvisions_moved_to_the_middle_of_their_places() -> None:
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.image_list import ImageList

    maps = [torch.zeros(1, 1, 8, 12), torch.zeros(1, 1, 4, 6)]
    make = AnchorGenerator(((32,), (64,)), ((0.25, 1.0, 4.0),) * 2)
    (theirs,) = make(ImageList(torch.zeros(1, 3, 64, 96), [(64, 96)]), maps)
    shapes = [(4 / aspect**0.5, 4 * aspect**0.5) for aspect in (0.25, 1.0, 4.0)]
    middle = torch.cat([torch.full((8 * 12 * 3, 1), 4.0), torch.full((4 * 6 * 3, 1), 8.0)])
    torch.testing.assert_close(anchors(maps, shapes) * torch.tensor([96.0, 64, 96, 64]), theirs + middle)


@pytest.mark.parametrize("name", HEADS)
def test_what_is_none_of_its_outputs_is_refused(name: str) -> None:
    head = detector(name)
    with pytest.raises(DataError, match=rf"no detection head.*decoder={name}"):
        head.require(torch.zeros(2, 7))
    with pytest.raises(ModelError, match="gives 4 numbers and one a class, 4 are asked for, of 3 maps"):
        head.make(Features(6, levels=(3, 5, 6)), 4, generator=torch.Generator())
    with pytest.raises(ModelError, match="of 0 maps"):
        head.make(Features(6), 6, generator=torch.Generator())
