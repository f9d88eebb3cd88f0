"""A ticket in a folder with its card, and on a hub: there and back, by name."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.models.standin_hub import Hub, on_this_machine
from tests.predicting.finished import CLASSES, adapted, encoded, picture, ticket_of
from typer.testing import CliRunner

import tombola
from tombola import Ticket
from tombola.cli.main import app
from tombola.errors import ModelError, RequestError

pytest.importorskip("huggingface_hub")
on_the_loopback = [pytest.mark.enable_socket, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapted ticket."""
    return ticket_of(adapted(), tmp_path_factory.mktemp("ticket") / "x.ticket")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub of this machine, known by HF_ENDPOINT, where we are logged in; it ends with the test."""
    with on_this_machine(tmp_path / "cache", monkeypatch) as found:
        yield found


def test_a_folder_holds_the_ticket_and_its_card(file: Path, tmp_path: Path) -> None:
    folder = Ticket.load(file).save_pretrained(tmp_path / "flowers")
    assert Ticket.from_pretrained(folder).masks == Ticket.load(file).masks
    card = (folder / "README.md").read_text("utf-8")
    assert card.startswith("---\npipeline_tag: image-classification\nlibrary_name: tombola\ntags: [tombola, sparse]\n")
    assert "`layer1.0.conv1.weight`" in card
    assert 'tombola.load("flowers")' in card
    assert tombola.load(folder).predict(encoded(picture(1))).label in CLASSES
    with pytest.raises(RequestError, match="exists"):
        Ticket.load(file).save_pretrained(folder)


def test_a_card_of_a_mask_alone_says_how_it_is_put_in(tmp_path: Path) -> None:
    folder = tombola.draw("resnet8", sparsity=0.9).save_pretrained(tmp_path / "x")
    card = (folder / "README.md").read_text("utf-8")
    assert 'tombola.Ticket.from_pretrained("x")' in card
    assert "pipeline_tag" not in card


class TestOnAHub:
    """Everything over HTTP."""

    pytestmark = on_the_loopback

    def test_a_ticket_is_pushed_and_loaded_by_its_name(self, hub: Hub, file: Path) -> None:
        ticket = Ticket.load(file)
        assert ticket.push_to_hub("me/flowers") == f"{hub.address}/me/flowers"
        assert hub.private["me/flowers"]
        assert sorted(hub.files("me/flowers")) == ["README.md", "model.ticket"]
        assert b'tombola.load("hub:me/flowers")' in hub.files("me/flowers")["README.md"]
        assert "POST /me/flowers.git/info/lfs/objects/batch" in hub.asked
        again = Ticket.from_pretrained("me/flowers")
        assert again.masks == ticket.masks
        assert again.lineage == ticket.lineage
        answer = tombola.load("hub:me/flowers").predict(encoded(picture(1)))
        assert answer == tombola.load(file).predict(encoded(picture(1)))

    def test_a_folder_of_make_goes_with_its_card_and_without_what_is_nobodys_business(
        self, hub: Hub, file: Path, tmp_path: Path
    ) -> None:
        made = tmp_path / "made"
        (made / "native").mkdir(parents=True)
        for name in ("card.md", "race.json", "left_out.csv", ".hidden", "labels.txt", "native/net.c"):
            (made / name).write_text(f"of {name}", encoding="utf-8")
        (made / "model.ticket").write_bytes(file.read_bytes())
        done = CliRunner().invoke(app, ["push", str(made), "me/made", "--public"])
        assert done.exit_code == 0, done.output
        assert "tombola.load('hub:me/made')" in done.stdout
        assert not hub.private["me/made"]
        found = hub.files("me/made")
        assert sorted(found) == ["README.md", "labels.txt", "model.ticket", "native/net.c"]
        assert found["README.md"] == b"of card.md"
        asked = CliRunner().invoke(app, ["predict", "hub:me/made/model.ticket", str(made / "labels.txt")])
        assert "labels.txt" in asked.output

    def test_a_tokeniser_goes_along(self, hub: Hub, file: Path, tmp_path: Path) -> None:
        (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
        Ticket.load(file).push_to_hub("me/x", beside=[tmp_path / "tokenizer.json"])
        assert sorted(hub.files("me/x")) == ["README.md", "model.ticket", "tokenizer.json"]
        with pytest.raises(RequestError, match="no such file to go along"):
            Ticket.load(file).push_to_hub("me/x", beside=[tmp_path / "gone.json"])

    def test_what_was_had_is_there_without_a_hub(self, hub: Hub, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        Ticket.load(file).push_to_hub("me/flowers")
        had = Ticket.load("hub:me/flowers")
        monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
        assert Ticket.load("hub:me/flowers").masks == had.masks
        with pytest.raises(ModelError, match="hub:me/other: cannot be had: it is not on this machine, and no hub answ"):
            Ticket.load("hub:me/other")

    def test_refusals_say_what_to_do(self, hub: Hub, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        ticket = Ticket.load(file)
        with pytest.raises(ModelError, match="may not write there; name a folder of your own"):
            ticket.push_to_hub("you/flowers")
        with pytest.raises(ModelError, match="there is no such name, or it is private"):
            Ticket.from_pretrained("me/nothing")
        monkeypatch.setenv("HF_TOKEN", "wrong")
        with pytest.raises(ModelError, match="hf auth login"):
            ticket.push_to_hub("me/flowers")


@pytest.mark.parametrize("name", ["flowers", "a/b/../c", "a/b@x@y", "a b/c", "/etc/passwd"])
def test_a_name_of_another_form_is_refused(file: Path, name: str) -> None:
    with pytest.raises(ModelError, match="write hub:OWNER/NAME"):
        Ticket.load(file).push_to_hub(name)


def test_what_is_no_ticket_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("secrets", encoding="utf-8")
    for what in (tmp_path, tmp_path / "notes.txt"):
        done = CliRunner().invoke(app, ["push", str(what), "me/x"])
        assert done.exit_code == 2
        assert "name a .ticket file" in done.output
