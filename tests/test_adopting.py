"""Tickets from other programs' files: what they hold is read exactly, what is odd is refused with the reason."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import prune

from tombola import verbs
from tombola.adopting import adopt
from tombola.errors import ModelError, RequestError, TicketError
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.network import Network
from tombola.models.prunable import prunable
from tombola.models.source import Source
from tombola.tickets.ticket import Ticket

SMALL = {"name": "resnet8", "width": 0.25}
State = dict[str, Tensor]


def dense(seed: int = 0) -> Network:
    return Source.parse(SMALL).load(seed=seed)


def pruned(seed: int = 1, amount: float = 0.7, body: nn.Module | None = None) -> nn.Module:
    """A net pruned by torch, its weights not yet multiplied by the masks."""
    body = body or dense(seed).body
    weights = [(module, "weight") for module in body.modules() if isinstance(module, nn.Conv2d)]
    prune.global_unstructured(weights, prune.L1Unstructured, amount=amount)
    with torch.no_grad():
        for module, _ in weights:
            module.get_parameter("weight_orig").add_(0.01)  # pruned entries that move, as momentum moves them
    return body


def state(body: nn.Module) -> State:
    return dict(body.state_dict())


def expected_masks(body: nn.Module) -> Masks:
    found = {name.removesuffix("_mask"): value != 0 for name, value in state(body).items() if name.endswith("_mask")}
    return Masks(found)


def same_state(ticket: Ticket, body: nn.Module) -> bool:
    """Whether the ticket holds the pruned net as its forward pass saw it, pruned weights +0.0."""
    assert ticket.weights is not None
    given = state(body)
    for name, value in ticket.weights.items():
        if f"{name}_orig" in given:
            wanted = given[f"{name}_orig"].masked_fill(given[f"{name}_mask"] == 0, 0)
        else:
            wanted = given[name]
        if not value.equal(wanted):
            return False
    return True


def test_torchs_pairs_are_a_self_contained_ticket(tmp_path: Path) -> None:
    body = pruned()
    torch.save(body.state_dict(), tmp_path / "net.pt")
    model = dense()
    before = weights_digest(model.body)
    ticket = adopt(tmp_path / "net.pt", model)
    assert weights_digest(model.body) == before
    assert ticket.masks == expected_masks(body)
    assert same_state(ticket, body)
    scheme = ticket.lineage.scheme
    assert (scheme["name"], scheme["file"], scheme["held"]) == (
        "adopted",
        "net.pt",
        "weight_orig and weight_mask pairs",
    )
    assert len(scheme["sha256"]) == 64
    assert (ticket.lineage.model_text, ticket.lineage.prunable) == ("resnet8", "double_win")
    assert str(tmp_path) not in ticket.lineage.json_text()


@pytest.mark.parametrize("prefix", ["module.", "module.encoder_q.", "encoder.", "net.backbone."])
@pytest.mark.parametrize("wrap", [None, "state_dict", "model"])
def test_prefixes_and_wrappers_of_pairs_are_undone(tmp_path: Path, prefix: str, wrap: str | None) -> None:
    body = pruned()
    inside: dict[str, Any] = {f"{prefix}{name}": value for name, value in state(body).items()}
    if "encoder_q" in prefix:
        inside |= {name.replace("_q.", "_k."): value + 1 for name, value in inside.items()}
        inside["module.queue"] = torch.zeros(4)
    held = inside if wrap is None else {wrap: inside, "epoch": 3, "optimizer": {"state": {}}}
    torch.save(held, tmp_path / "net.pth.tar")
    ticket = adopt(tmp_path / "net.pth.tar", dense())
    assert ticket.masks == expected_masks(body)
    assert same_state(ticket, body)
    assert bool(ticket.lineage.scheme.get("left_out")) == ("encoder_q" in prefix)


def test_two_encoders_with_equal_claims_are_not_guessed_between(tmp_path: Path) -> None:
    body = pruned()
    both = {f"{part}.{name}": value for part in ("left", "right") for name, value in state(body).items()}
    torch.save(both, tmp_path / "net.pt")
    with pytest.raises(TicketError, match=r"more than once, under 'left\.', 'right\.'"):
        adopt(tmp_path / "net.pt", dense())
    ticket = adopt(tmp_path / "net.pt", dense(), rename={r"^right\..*": ""})
    assert ticket.masks == expected_masks(body)


def _vita(masks: State) -> dict[str, Any]:
    return {f"{name}_mask": mask for name, mask in masks.items()}


def _vita_module(masks: State) -> dict[str, Any]:
    return {f"module.{name}_mask": mask for name, mask in masks.items()}


def _by_layer(masks: State) -> dict[str, Any]:
    return {f"{name.removesuffix('.weight')}.mask": mask.bool() for name, mask in masks.items()}


def _under_own_names(masks: State) -> dict[str, Any]:
    return {name: mask.to(torch.uint8) for name, mask in masks.items()}


def _nested(masks: State) -> dict[str, Any]:
    return {name.removesuffix(".weight"): {"weight": mask, "bias": None} for name, mask in masks.items()}


@pytest.mark.parametrize("spell", [_vita, _vita_module, _by_layer, _under_own_names, _nested])
def test_masks_alone_are_a_mask_only_ticket_of_the_named_weights(
    tmp_path: Path, spell: Callable[[State], dict[str, Any]]
) -> None:
    body, model = pruned(), dense()
    wanted = expected_masks(body)
    torch.save(spell({name: mask.float() for name, mask in wanted.items()}), tmp_path / "mask.pt")
    ticket = adopt(tmp_path / "mask.pt", model)
    assert ticket.weights is None
    assert ticket.masks == wanted
    assert ticket.lineage.weights_digest == weights_digest(model.body)
    assert ticket.lineage.model_text == model.source
    verbs.applied(model, ticket)
    with pytest.raises(TicketError, match="drawn from other weights"):
        verbs.applied(dense(seed=5), ticket)


def test_a_whole_file_can_serve_as_masks_for_other_weights(tmp_path: Path) -> None:
    body, model = pruned(), dense()
    torch.save({"state_dict": state(body)}, tmp_path / "net.pt")
    ticket = adopt(tmp_path / "net.pt", model, mask_only=True)
    assert (ticket.kind, ticket.masks) == ("mask-only", expected_masks(body))
    assert ticket.lineage.weights_digest == weights_digest(model.body)


def _zeroed(rule: str, amount: float = 0.6) -> Network:
    network = dense(seed=2)
    with torch.no_grad():
        for weight in prunable(network.body, rule).values():
            flat = weight.view(-1)
            flat[: int(amount * flat.numel())] = -0.0
    return network


@pytest.mark.parametrize("suffix", [".pt", ".safetensors", ".npz"])
def test_zeros_are_masks(tmp_path: Path, suffix: str) -> None:
    network = _zeroed("cv_lth")
    file = tmp_path / f"net{suffix}"
    tensors = state(network.body)
    if suffix == ".safetensors":
        save_file(tensors, file)
    elif suffix == ".npz":
        np.savez(file, **{name: value.numpy() for name, value in tensors.items()})  # type: ignore[arg-type]  # names
    else:
        torch.save(tensors, file)
    ticket = adopt(file, dense(), prunable="cv_lth")
    assert ticket.masks == Masks.of(prunable(network.body, "cv_lth"))
    assert ticket.sparsity == pytest.approx(0.6, abs=0.01)
    assert ticket.weights is not None
    assert all(torch.signbit(ticket.weights[n][~mask]).count_nonzero() == 0 for n, mask in ticket.masks.items())
    assert ticket.lineage.prunable == "cv_lth"


def test_zeros_that_the_rule_leaves_alone_are_said(tmp_path: Path) -> None:
    torch.save(state(_zeroed("open_lth").body), tmp_path / "net.pt")
    ticket = adopt(tmp_path / "net.pt", dense())
    assert ticket.lineage.scheme["zeros_left_alone"] == ["linear.weight"]
    assert "zeros_left_alone" not in adopt(tmp_path / "net.pt", dense(), prunable="open_lth").lineage.scheme


def test_a_head_of_another_size_comes_along_and_a_missing_one_is_the_models(tmp_path: Path) -> None:
    body = pruned(body=Source.parse(SMALL).load(num_classes=7).body)
    torch.save(state(body), tmp_path / "seven.pt")
    ticket = adopt(tmp_path / "seven.pt", SMALL)
    assert ticket.weights is not None
    assert ticket.weights["linear.weight"].shape[0] == 7
    assert num_rows(verbs.base_of(ticket)) == 7
    assert same_state(
        Ticket(ticket.masks, ticket.lineage, verbs.applied(verbs.base_of(ticket), ticket).body.state_dict()), body
    )
    headless = {name: value for name, value in state(body).items() if not name.startswith("linear.")}
    mlp = {"linear.0.weight": torch.zeros(16, 16), "linear.2.weight": torch.zeros(4, 16)}
    torch.save({**headless, **mlp}, tmp_path / "moco.pt")
    model = dense()
    adopted = adopt(tmp_path / "moco.pt", model)
    assert adopted.weights is not None
    assert adopted.weights["linear.weight"].equal(model.body.state_dict()["linear.weight"])
    assert adopted.lineage.scheme["head"] == "the named model's own, not the file's linear.0.weight, linear.2.weight"


def num_rows(network: Network) -> int:
    return len(next(network.head.parameters()))


def test_resnet18s_own_names_are_taken(tmp_path: Path) -> None:
    torchvision = pytest.importorskip("torchvision")
    weights = {n: p for n, p in prunable(torchvision.models.resnet18(), "cv_lth").items() if "layer1" in n}
    torch.save({f"module.{name}_mask": torch.ones_like(value) for name, value in weights.items()}, tmp_path / "m.pt")
    ticket = adopt(tmp_path / "m.pt", "torchvision:resnet18")
    assert list(ticket.masks) == list(weights)
    assert ticket.lineage.prunable == "the tensors the file masks"


def refusal(file: Path, what: object, match: str, **options: Any) -> None:
    torch.save(what, file)
    with pytest.raises(RequestError, match=match) as caught:
        adopt(file, dense(), **options)
    assert "net.pt" in str(caught.value)


def test_whatever_is_odd_is_refused_with_the_reason(tmp_path: Path) -> None:
    file, whole = tmp_path / "net.pt", state(pruned())
    name = "layer1.0.conv1.weight"
    mask = whole[f"{name}_mask"]
    refusal(file, {**whole, f"{name}_mask": mask * 0.5}, rf"mask of '{name}' is not made of 0 and 1: .* such as 0\.5")
    refusal(file, {**whole, f"{name}_mask": mask[:1]}, rf"mask of '{name}' is \[1, .*the model's weight \[4, ")
    refusal(file, {**whole, f"{name}_orig": mask[:1]}, "of another shape or kind: layer1.0.conv1.weight")
    refusal(
        file, {f"{name}_mask": mask, "layer9.0.conv1.weight_mask": mask}, "masks 'layer9.0.conv1.weight'.*mean 'lay"
    )
    refusal(file, {f"{name}_mask": mask, "score_mask_7": mask}, "'score_mask_7' is a mask, but of which weight")
    refusal(file, {"a.b_mask": mask}, r"no name in it is the model's: it has 'a\.b'.*rename")
    missing = {key: value for key, value in whole.items() if key != f"{name}_mask"}
    refusal(file, missing, f"'{name}_orig' without the other half")
    missing = {key: value for key, value in whole.items() if key != f"{name}_orig"}
    refusal(file, missing, f"'{name}_mask' without the other half")
    missing = {key: value for key, value in whole.items() if key != "bn1.weight"}
    refusal(file, missing, r"1 in the model but not in the file: bn1\.weight")
    refusal(file, {**whole, "more.weight": mask}, r"1 in the file but not in the model: more\.weight")
    refusal(file, {"bn1.running_mean_mask": torch.ones(4)}, "'bn1.running_mean', which is no parameter")
    refusal(file, {"epoch": 3}, "not a state dict")


def test_a_file_that_is_not_pruned_says_how_sparse_it_is(tmp_path: Path) -> None:
    file, tensors = tmp_path / "net.pt", state(dense())
    body = state(dense().body)
    del tensors
    refusal(file, body, r"holds no masks, and 0 of the [\d,]+ prunable weights are 0 \(sparsity 0\.0000%\)")
    body["linear.weight"] = torch.zeros_like(body["linear.weight"])
    refusal(file, body, r"there are zeros in 'linear\.weight', which the rule does not prune: write prunable=open_lth")


def test_renaming_maps_foreign_names(tmp_path: Path) -> None:
    body = pruned()
    foreign = {name.replace("layer", "stage").replace("bn", "norm"): value for name, value in state(body).items()}
    torch.save(foreign, tmp_path / "net.pt")
    with pytest.raises(RequestError, match="rename"):
        adopt(tmp_path / "net.pt", dense())
    ticket = adopt(tmp_path / "net.pt", dense(), rename=[("^stage", "layer"), ("norm", "bn")])
    assert ticket.masks == expected_masks(body)


class Bomb:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("bang",)


def test_a_pickle_with_code_is_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": state(pruned()), "args": Bomb()}, tmp_path / "net.pt")
    with pytest.raises(ModelError, match=r"refused, it calls .*print"):
        adopt(tmp_path / "net.pt", dense())
