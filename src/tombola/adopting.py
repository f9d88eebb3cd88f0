"""`adopt`: a ticket from another program's file.

Read are: pairs ``weight_orig`` and ``weight_mask`` (torch.nn.utils.prune, and what the VITA repositories save), masks
alone, and plain weights with zeros in them; in .pt, .pth, .tar, .safetensors and .npz files that hold tensors only.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import Tensor

from tombola.errors import ModelError, TicketError
from tombola.fitting.seeds import generator
from tombola.masks.masks import Masks
from tombola.models.digest import weights_digest
from tombola.models.network import Network, num_outputs, origin_of
from tombola.models.origin import Origin
from tombola.models.prunable import PrunableRule, candidates, prunable
from tombola.models.readers import compiled, fill, read_weights, renamed
from tombola.schemes._drawn import versions
from tombola.spec import file_digest
from tombola.tickets import foreign
from tombola.tickets.foreign import Held
from tombola.tickets.ticket import Lineage, Ticket
from tombola.verbs import Model, as_network

_PRESETS = ("double_win", "cv_lth", "open_lth")


def adopt(
    file: Path | str,
    model: Model,
    *,
    prunable: str | PrunableRule = "double_win",
    rename: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    mask_only: bool = False,
    seed: int = 0,
) -> Ticket:
    """The ticket that another program's file holds, for ``model``, which is not changed.

    Self-contained when the file holds weights, unless ``mask_only``: then, and for files of masks alone, the ticket is
    of the weights that ``model`` has. ``prunable`` says among which weights zeros are masks; masks in the file need no
    rule. What the file held and what of it was left out is in the lineage's ``scheme``.
    """
    path, rules = Path(file), tuple(rename.items()) if isinstance(rename, Mapping) else tuple(rename)
    compiled(rules)  # what is wrong with them is said before files are read
    network = as_network(model, seed=seed)
    state = {name: value for name, value in network.body.state_dict().items() if isinstance(value, Tensor)}
    found = foreign.held(renamed(read_weights(path), rules, path), state, str(path))
    scheme: dict[str, object] = {
        "name": "adopted",
        "file": path.name,
        "sha256": file_digest(path),
        "held": found.form,
        "left_out": _listed(found.left_out),
    }
    filled = None if found.weights is None else _filled(network, found.weights, path, scheme, seed)
    masks = _masks(found, filled or network, PrunableRule.parse(prunable), path, scheme)
    if filled is None or mask_only:
        digest = weights_digest(network.body)
        lineage = _lineage(network, masks, scheme, prunable, found, origin=origin_of(network), weights_digest=digest)
        return Ticket.of(network.body, masks, lineage, keep_values=False)
    lineage = _lineage(filled, masks, scheme, prunable, found, origin=_of_file(network, path))
    return Ticket.of(filled.body, masks, lineage, keep_values=True)


def _masks(found: Held, network: Network, rule: PrunableRule, path: Path, scheme: dict[str, object]) -> Masks:
    parameters = dict(network.body.named_parameters(remove_duplicate=False))
    if strange := [name for name in found.masks if name not in parameters]:
        raise TicketError(f"{path}: masks {strange[0]!r}, which is no parameter that is trained")
    if found.form != foreign.ZEROS:
        return Masks({name: found.masks[name] for name in parameters if name in found.masks})
    names = list(prunable(network.body, rule))
    others = [name for name in candidates(network.body) if name not in names]
    weights = {name: value.detach() for name, value in parameters.items()}
    masks = foreign.zeros(weights, names, others, str(path))
    scheme["zeros_left_alone"] = _listed(foreign.zeros_left_alone(weights, others))
    return Masks(masks)


def _filled(
    network: Network, weights: Mapping[str, Tensor], path: Path, scheme: dict[str, object], seed: int
) -> Network:
    """A copy of the network with these weights in it; a head that the file has not is the network's own."""
    head = network.head_name
    saved = weights.get(f"{head}.weight")
    if saved is not None and saved.ndim > 1 and len(saved) != num_outputs(network.head):
        filled = network.with_head(len(saved), generator=generator(seed, "head"))
    else:
        filled = network.copy()
    state = filled.body.state_dict()
    of_head = {name: value for name, value in state.items() if name.startswith(f"{head}.")}
    if not all(name in weights for name in of_head):
        unfit = [name for name in weights if name.startswith(f"{head}.")]
        scheme["head"] = "the named model's own" + (f", not the file's {', '.join(unfit[:6])}" if unfit else "")
        weights = {name: value for name, value in weights.items() if name not in unfit} | of_head
    try:
        fill(filled.body, weights, path)
    except ModelError as error:
        raise TicketError(str(error)) from None
    return filled


def _lineage(
    network: Network,
    masks: Masks,
    scheme: Mapping[str, object],
    rule: str | PrunableRule,
    found: Held,
    *,
    origin: Origin,
    weights_digest: str = "",
) -> Lineage:
    rule = PrunableRule.parse(rule) if found.form == foreign.ZEROS else _rule_of(network, masks)
    return Lineage(
        origin=origin,
        weights_digest=weights_digest,
        scheme={name: value for name, value in scheme.items() if value},
        prunable=str(rule),
        versions=versions(),
    )


def _of_file(network: Network, path: Path) -> Origin:
    """Of weights that another program's file brought into this net."""
    origin = origin_of(network)
    return Origin(source=origin.net if origin.can_be_built else origin.source, sha256=file_digest(path))


def _rule_of(network: Network, masks: Masks) -> PrunableRule | str:
    """The preset that selects exactly the tensors these masks are of, if one does."""
    for preset in _PRESETS:
        try:
            if set(prunable(network.body, preset)) == set(masks):
                return PrunableRule.parse(preset)
        except ModelError:
            continue
    return "the tensors the file masks"


def _listed(names: Iterable[str], most: int = 20) -> list[str]:
    """The names, or the first of them and how many more."""
    found = list(names)
    return found if len(found) <= most else [*found[:most], f"and {len(found) - most} more"]
