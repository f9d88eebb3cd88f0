"""A hub on this machine alone: enough of the HTTP interface of Hugging Face's that its own client sends and gets.

Folders are kept in memory. Text files come inside a commit; others are uploaded first and named by their digest, as
large files are there.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

TOKEN = "hf_of_nobody"


@dataclass
class Hub:
    """What the stand-in holds: files of every commit of every folder, and who was asked what."""

    address: str = ""
    private: dict[str, bool] = field(default_factory=dict)
    commits: dict[str, list[tuple[str, dict[str, bytes]]]] = field(default_factory=dict)
    uploaded: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def files(self, name: str) -> dict[str, bytes]:
        """Those of the newest commit."""
        return self.commits[name][-1][1] if self.commits.get(name) else {}

    def commit(self, name: str, changed: dict[str, bytes]) -> str:
        """A new commit with these files beside those that were there."""
        files = {**self.files(name), **changed}
        number = hashlib.sha1(repr((len(self.commits[name]), sorted(files.items()))).encode()).hexdigest()
        self.commits[name].append((number, files))
        return number

    def at(self, name: str, revision: str) -> tuple[str, dict[str, bytes]]:
        """A commit by its number, or the newest."""
        found = [one for one in self.commits[name] if one[0] == revision]
        return found[0] if found else self.commits[name][-1]


class Answers(BaseHTTPRequestHandler):
    """Answers as the hub does."""

    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name there
        """Nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        if path == "/":
            return self.say({})
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/(revision|tree)/([^/]+)", path):
            name, what, revision = found.groups()
            return self.about(name, revision) if what == "revision" else self.tree(name, revision)
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)", path):
            return self.about(found[1], "main")
        if found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            return self.content(*found.groups())
        return self.refuse(404)

    def do_PUT(self) -> None:
        self.hub.uploaded[self.path.removeprefix("/upload/")] = self.body()
        self.say({})

    def do_POST(self) -> None:
        path, body = unquote(urlsplit(self.path).path), self.body()
        self.hub.asked.append(f"POST {path}")
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            return self.refuse(401)
        if path == "/api/repos/create":
            return self.create(json.loads(body))
        if path == "/api/validate-yaml":
            return self.say({"errors": [], "warnings": []})
        if found := re.fullmatch(r"/api/models/(.+)/preupload/main", path):
            return self.say({"files": [one | _way(one["path"]) for one in json.loads(body)["files"]]})
        if found := re.fullmatch(r"/(.+)\.git/info/lfs/objects/batch", path):
            return self.say({"transfer": "basic", "objects": [self.place(one) for one in json.loads(body)["objects"]]})
        if found := re.fullmatch(r"/api/models/(.+)/commit/main", path):
            return self.commit(found[1], [json.loads(line) for line in body.splitlines()])
        return self.refuse(404)

    def create(self, asked: dict[str, Any]) -> None:
        name = f"{asked['organization']}/{asked['name']}"
        if asked["organization"] != "me":
            return self.refuse(403)
        known = name in self.hub.commits
        self.hub.commits.setdefault(name, [])
        self.hub.private.setdefault(name, asked.get("private", asked.get("visibility") == "private"))
        return self.say({"url": f"{self.hub.address}/{name}", "name": name, "id": name}, 409 if known else 200)

    def place(self, one: dict[str, Any]) -> dict[str, Any]:
        """Where a large file is to be uploaded."""
        return {**one, "actions": {"upload": {"href": f"{self.hub.address}/upload/{one['oid']}", "header": {}}}}

    def commit(self, name: str, lines: list[dict[str, Any]]) -> None:
        changed = {}
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                changed[value["path"]] = base64.b64decode(value["content"])
            if line["key"] == "lfsFile":
                changed[value["path"]] = self.hub.uploaded[value["oid"]]
        number = self.hub.commit(name, changed)
        url = f"{self.hub.address}/{name}/commit/{number}"
        self.say({"commitUrl": url, "commitOid": number, "pullRequestUrl": None})

    def about(self, name: str, revision: str) -> None:
        if name not in self.hub.commits or (self.hub.private[name] and not self.known()):
            return self.refuse(404)
        number, files = self.hub.at(name, revision)
        return self.say({"id": name, "sha": number, "siblings": [{"rfilename": path} for path in files]})

    def tree(self, name: str, revision: str) -> None:
        _, files = self.hub.at(name, revision)
        self.say([{"type": "file", "path": path, "size": len(held), "oid": _sha(held)} for path, held in files.items()])

    def content(self, name: str, revision: str, path: str) -> None:
        number, files = self.hub.at(name, revision)
        if path not in files:
            return self.refuse(404)
        return self.give(files[path], {"ETag": f'"{_sha(files[path])}"', "X-Repo-Commit": number})

    def known(self) -> bool:
        return self.headers.get("authorization") == f"Bearer {TOKEN}"

    def body(self) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked":
            return b"".join(iter(self.chunk, b""))
        return self.rfile.read(int(self.headers.get("content-length") or 0))

    def chunk(self) -> bytes:
        content = self.rfile.read(int(self.rfile.readline(), 16))
        self.rfile.readline()
        return content

    def say(self, value: object, code: int = 200) -> None:
        self.give(json.dumps(value).encode(), {"Content-Type": "application/json"}, code)

    def refuse(self, code: int) -> None:
        said = {404: "RepoNotFound"}.get(code, "")
        self.give(b'{"error": "no"}', {"X-Error-Code": said} if said else {}, code)

    def give(self, content: bytes, headers: dict[str, str], code: int = 200) -> None:
        self.send_response(code)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _way(path: str) -> dict[str, Any]:
    """Texts inside the commit, everything else uploaded first."""
    return {"uploadMode": "regular" if path.endswith((".md", ".txt", ".json")) else "lfs", "shouldIgnore": False}


def _sha(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


@contextmanager
def on_this_machine(cache: Path, patch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The same, known by HF_ENDPOINT and with a login, its client's cache being this folder."""
    with standing_in() as hub:
        patch.setenv("HF_ENDPOINT", hub.address)
        patch.setenv("HF_TOKEN", TOKEN)
        patch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
        patch.setattr("huggingface_hub.constants.HF_HUB_DISABLE_XET", True)
        patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
        yield hub


@contextmanager
def standing_in() -> Iterator[Hub]:
    """A hub while the block runs, at an address of its own on the loopback."""
    hub = Hub()
    handler = type("OfThisHub", (Answers,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        hub.address = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
