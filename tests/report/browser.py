"""A headless Chromium spoken to over two pipes in its DevTools protocol: real keys, clicks and taps."""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

_FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update"
    " --disable-sync --disable-extensions --hide-scrollbars --remote-debugging-pipe"
)
# The pipes must be the descriptors 3 and 4; copies above them first, as they may be each other's.
_AS_3_AND_4 = (
    "import fcntl, os, sys; high = [fcntl.fcntl(int(n), fcntl.F_DUPFD, 10) for n in sys.argv[1:3]];"
    " os.dup2(high[0], 3); os.dup2(high[1], 4); os.execv(sys.argv[3], sys.argv[3:])"
)
_KEYS = {
    "Tab": 9, "Enter": 13, "Escape": 27, "End": 35, "Home": 36,
    "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40,
}  # fmt: skip


class Page:
    """One tab; what it complained of is in ``problems``, what it asked of the network in ``requests``."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive = send, receive
        self._rest, self._count, self._session = b"", 0, ""
        self.problems: list[str] = []
        self.requests: list[str] = []
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self._session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self(f"{domain}.enable")

    def __call__(self, method: str, **options: Any) -> dict[str, Any]:
        """One command and its answer; what happens meanwhile is noted."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": options}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            told = self._next()
            if told.get("id") == self._count:
                assert "error" not in told, (method, told["error"])
                answer: dict[str, Any] = told["result"]
                return answer
            self._note(told)

    def open(self, file: Path | str, fragment: str = "") -> None:
        """Load a file, or what a server of this machine has, and wait until it is there."""
        address = file if isinstance(file, str) else file.as_uri()
        self("Page.navigate", url="about:blank")
        self("Page.navigate", url=address + (f"#{fragment}" if fragment else ""))
        self.until(f"document.readyState === 'complete' && location.protocol === '{address.partition(':')[0]}:'")

    def look(self, width: int, height: int = 900, *, dark: bool = False, media: str = "", still: bool = False) -> None:
        """The size of the window, a phone's below 600 px, and what the reader prefers."""
        phone = width < 600
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self("Emulation.setTouchEmulationEnabled", enabled=phone)
        features = {"prefers-color-scheme": "dark" if dark else "light"}
        features["prefers-reduced-motion"] = "reduce" if still else "no-preference"
        self("Emulation.setEmulatedMedia", media=media, features=[{"name": n, "value": v} for n, v in features.items()])

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        found = self("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, expression: str, seconds: float = 20.0) -> None:
        """Wait for something to be true."""
        end = time.monotonic() + seconds
        while not self.ask(expression):
            assert time.monotonic() < end, f"not within {seconds} s: {expression}"
            time.sleep(0.02)

    def press(self, *keys: str) -> None:
        """Keys as a keyboard sends them, to whatever has the focus."""
        for name in keys:
            key = {"key": name, "code": name, "windowsVirtualKeyCode": _KEYS[name]}
            typed = {"text": "\r"} if name == "Enter" else {}
            self("Input.dispatchKeyEvent", type="keyDown", **key, **typed)
            self("Input.dispatchKeyEvent", type="keyUp", **key)

    def place(self, selector: str, index: int = 0) -> tuple[float, float]:
        """The middle of an element, after bringing it into view."""
        found = self.ask(
            f"(() => {{ const e = document.querySelectorAll({json.dumps(selector)})[{index}];"
            " e.scrollIntoView({block: 'center'}); const b = e.getBoundingClientRect();"
            " return [(b.left + b.right) / 2, (b.top + b.bottom) / 2]; })()"
        )
        return float(found[0]), float(found[1])

    def click(self, x: float, y: float) -> None:
        """A mouse button, pressed and let go."""
        self("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        for kind in ("mousePressed", "mouseReleased"):
            self("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def tap(self, x: float, y: float) -> None:
        """A finger, put down and lifted."""
        self("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def picture(self, out: Path, *, whole: bool = False) -> Path:
        """A screenshot of what is in view, or of the whole page."""
        data = self("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(base64.b64decode(data))
        return out

    def printed(self, out: Path) -> Path:
        """The page on A4, as a reader prints it who does not ask for backgrounds."""
        data = self("Page.printToPDF", printBackground=False, paperWidth=8.27, paperHeight=11.69)["data"]
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(base64.b64decode(data))
        return out

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            assert select([self._receive], [], [], 240)[0], "Chromium says nothing"
            part = os.read(self._receive, 1 << 20)
            assert part, "Chromium is gone"
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        told: dict[str, Any] = json.loads(line)
        return told

    def _note(self, told: dict[str, Any]) -> None:
        method, said = told.get("method"), told.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.problems.append(str(said["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and said["type"] in ("error", "warning", "assert"):
            self.problems.append(str(said["args"]))
        elif method == "Log.entryAdded" and said["entry"]["level"] in ("error", "warning"):
            self.problems.append(said["entry"]["text"])
        elif method == "Audits.issueAdded":
            self.problems.append(str(said["issue"]))
        elif method == "Network.requestWillBeSent":
            self.requests.append(said["request"]["url"])


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """A page of a browser of its own, which is ended afterwards."""
    ours_in, theirs_out = os.pipe()
    theirs_in, ours_out = os.pipe()
    command = [sys.executable, "-c", _AS_3_AND_4, str(theirs_in), str(theirs_out), str(CHROMIUM)]
    flags = [*_FLAGS.split(), f"--user-data-dir={profile}", "about:blank"]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = subprocess.Popen([*command, *flags], pass_fds=(theirs_in, theirs_out), **quiet)  # type: ignore[call-overload]  # a mapping of keywords
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Page(ours_out, ours_in)
    finally:
        running.terminate()
        running.wait(20)
        os.close(ours_in)
        os.close(ours_out)
