"""A ticket, its ONNX file and its C answer alike; what cannot answer says what to type."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.predicting.conftest import Shipped
from tests.predicting.finished import CLASSES, adapted, encoded, picture, pictures, ticket_of

import tombola
from tombola.choices import Answer, Failed
from tombola.data._decode import decode
from tombola.errors import DataError, ModelError, RequestError, TicketError
from tombola.joining import whole
from tombola.models.source import Source
from tombola.predicting.loading import load
from tombola.predicting.samples import Sample
from tombola.tickets.lineage import Lineage
from tombola.tickets.ticket import Ticket


@pytest.fixture(scope="module")
def ticket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ticket_of(adapted(crop=0.875), tmp_path_factory.mktemp("ticket") / "x.ticket")


def samples(folder: Path) -> list[Sample]:
    return [Sample(path.relative_to(folder).as_posix(), path) for path in pictures(folder)]


def test_files_are_shown_as_a_folder_of_images_is(ticket: Path, tmp_path: Path) -> None:
    model, network = load(ticket), whole(Ticket.load(ticket)).eval()
    asked = samples(tmp_path)
    found = [*model.answers(asked, top=4)]
    shown = torch.stack([decode(tmp_path / one.name, 16, 0.875) for one in asked]).float() / 255
    with torch.no_grad():
        scores = network(shown).softmax(1)
    for one, row in zip(found, scores, strict=True):
        assert isinstance(one, Answer)
        best = sorted(zip(row.tolist(), CLASSES, strict=True), reverse=True)
        assert [choice.label for choice in one.top] == [label for _, label in best]
        np.testing.assert_allclose([choice.score for choice in one.top], [score for score, _ in best], atol=1e-5)
    assert len({one.label for one in found if isinstance(one, Answer)}) > 1


@pytest.mark.slow
def test_ticket_onnx_and_c_give_the_same_labels(shipped: Shipped, tmp_path: Path) -> None:
    models = [load(path) for path in (shipped.ticket, shipped.onnx, shipped.native)]
    asked = samples(tmp_path)
    first, *others = [[*model.answers(asked, batch=3)] for model in models]
    for other in others:
        for one, two in zip(first, other, strict=True):
            assert isinstance(one, Answer)
            assert isinstance(two, Answer)
            assert (one.name, one.label) == (two.name, two.label)
            np.testing.assert_allclose([c.score for c in one.top], [c.score for c in two.top], atol=1e-4)
    assert {model.classes for model in models} == {CLASSES}


def test_one_image_is_a_path_or_bytes(ticket: Path, tmp_path: Path) -> None:
    model = tombola.load(ticket)
    (tmp_path / "a.png").write_bytes(encoded(picture(3)))
    by_path, by_bytes = model.predict(tmp_path / "a.png"), model.predict(encoded(picture(3)), top=2)
    assert by_path.top[:2] == by_bytes.top
    assert by_path.label in CLASSES
    assert by_path.plain()["label"] == by_path.label
    with pytest.raises(DataError, match="not an image"):
        model.predict(b"no image")


def test_a_broken_file_is_named_in_its_place_and_the_rest_goes_on(ticket: Path, tmp_path: Path) -> None:
    good, broken = tmp_path / "a.png", tmp_path / "b.jpg"
    good.write_bytes(encoded(picture(1)))
    broken.write_bytes(b"no image")
    first, second, third = load(ticket).answers([Sample("b", broken), Sample("a", good), Sample("b", broken)])
    assert isinstance(first, Failed)
    assert "not an image" in first.reason
    assert isinstance(second, Answer)
    assert first == third


def test_classes_without_names_are_numbers(tmp_path: Path) -> None:
    model = load(ticket_of(adapted(classes=()), tmp_path / "x.ticket"))
    assert model.predict(encoded(picture(1))).label in {"0", "1", "2", "3"}


def test_a_ticket_without_values_says_how_to_adapt_it(tmp_path: Path) -> None:
    model = Source.parse({"name": "resnet8", "width": 0.25}).load()
    tombola.draw(model, {"name": "omp", "sparsity": 0.5}).save(tmp_path / "x.ticket")
    with pytest.raises(TicketError, match=r"mask-only.*tombola transfer .*x\.ticket"):
        load(tmp_path / "x.ticket")


def test_a_ticket_that_was_not_adapted_says_so(tmp_path: Path) -> None:
    network = adapted()
    lineage = Lineage(origin=network.origin)
    path = Ticket.of(network.body, tombola.Masks({}), lineage, keep_values=True).save(tmp_path / "x.ticket")
    with pytest.raises(ModelError, match=r"does not say what it was adapted to.*tombola transfer"):
        load(path)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("net.safetensors", r"no ticket.*tombola transfer path:.*net\.safetensors"),
        ("net.xyz", "no model here"),
        ("folder", r"holds no model; give .* tombola make .* or hub:OWNER/NAME"),
    ],
)
def test_what_is_no_finished_model_says_what_to_type(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    if name != "folder":
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(RequestError, match=said):
        load(tmp_path / name)
    with pytest.raises(RequestError, match="there is no"):
        load(tmp_path / "nowhere.ticket")


def test_an_onnx_file_of_another_program_is_refused(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    node = onnx.helper.make_node("Relu", ["images"], ["logits"])
    shapes = [onnx.helper.make_tensor_value_info(name, 1, [None, 3]) for name in ("images", "logits")]
    graph = onnx.helper.make_graph([node], "g", shapes[:1], shapes[1:])
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=9),
        str(tmp_path / "x.onnx"),
    )
    with pytest.raises(ModelError, match="not written by Tombola"):
        load(tmp_path / "x.onnx")
    (tmp_path / "y.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError, match="no ONNX file"):
        load(tmp_path / "y.onnx")


def test_a_missing_onnx_runtime_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    (tmp_path / "x.onnx").write_bytes(b"")
    with pytest.raises(RequestError, match=r"pip install 'tombola\[onnx\]'"):
        load(tmp_path / "x.onnx")


def test_a_net_that_tells_no_classes_of_a_whole_image_is_refused(tmp_path: Path) -> None:
    network = adapted()
    assert network.adapted is not None
    network.adapted = network.adapted.replace(task={"name": "segmentation", "data": {"name": "voc"}})
    with pytest.raises(ModelError, match=r"adapted to segmentation of voc.*tombola measure"):
        load(ticket_of(network, tmp_path / "x.ticket"))
