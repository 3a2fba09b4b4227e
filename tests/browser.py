"""Chromium without a window, driven over a pipe by its DevTools protocol: a page is opened, measured, pictured.

Needs the program chromium (Debian: apt-get install chromium), and no Python package.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = "Chromium is not installed; on Debian: apt-get install chromium"
_SECONDS = 60  # until an answer is late
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-extensions"),
    *("--remote-debugging-pipe", "--force-color-profile=srgb", "--force-prefers-no-reduced-motion"),
)
_WITH_PIPE = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
for end, place in zip(ends, (3, 4)):  # the browser reads commands at descriptor 3, and writes answers at 4
    os.dup2(end, place)
os.execv(sys.argv[3], sys.argv[3:])
"""


def program():
    """The path of Chromium, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


@contextmanager
def opened():
    """A `Tab` of a browser of its own, which ends with it."""
    to_browser, commands = os.pipe()
    answers, from_browser = os.pipe()
    with tempfile.TemporaryDirectory() as room:
        ends = (str(to_browser), str(from_browser))
        words = [
            sys.executable,
            "-ISc",
            _WITH_PIPE,
            *ends,
            program(),
            *_FLAGS,
            f"--user-data-dir={room}",
            "about:blank",
        ]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        browser = subprocess.Popen(words, pass_fds=(to_browser, from_browser), **quiet)
        for descriptor in (to_browser, from_browser):
            os.close(descriptor)
        try:
            yield Tab(commands, answers)
        finally:
            for descriptor in (commands, answers):
                os.close(descriptor)
            _end(browser)


def _end(browser):
    try:
        browser.wait(5)  # it ends when its pipe does
    except subprocess.TimeoutExpired:
        browser.kill()
        browser.wait()


class Tab:
    """A page that is open. `events` holds what the browser reported since `open`, as (method, parameters)."""

    def __init__(self, commands, answers):
        self._commands, self._answers, self._left, self._number = commands, answers, b"", 0
        self.events, self._session = [], None
        (target,) = [t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page"]
        found = self.ask("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = found["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method, **parameters):
        """The result of a command.  Raises RuntimeError if it is an error, TimeoutError if there is none."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def _next(self):
        end = time.monotonic() + _SECONDS
        while b"\0" not in self._left:
            if not select.select([self._answers], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"no answer of Chromium in {_SECONDS} s")
            read = os.read(self._answers, 2**16)
            if not read:
                raise RuntimeError("Chromium ended")
            self._left += read
        message, self._left = self._left.split(b"\0", 1)
        found = json.loads(message)
        if "method" in found:
            self.events.append((found["method"], found["params"]))
        return found

    def open(self, address, *, width, height=800, dark=False, media=""):
        """Load a page in a window of this width, in CSS pixels, in the dark or not, for the screen or for print."""
        narrow = width < 600
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": narrow}
        self.ask("Emulation.setDeviceMetricsOverride", **metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media=media, features=[scheme])
        self.events.clear()
        self.ask("Page.navigate", url=address)
        self.until("Page.loadEventFired")

    def until(self, method):
        """The parameters of the next event of this name, or of one that came since `open`."""
        while True:
            for name, parameters in self.events:
                if name == method:
                    return parameters
            self._next()

    def value(self, expression):
        """What an expression of JavaScript comes to, as plain values; a promise is awaited."""
        options = {"returnByValue": True, "awaitPromise": True}
        found = self.ask("Runtime.evaluate", expression=expression, **options)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"].get("exception", {}).get("description", "error"))
        return found["result"].get("value")

    def complaints(self):
        """What the console said, and errors, since `open`."""
        said = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [parameters for name, parameters in self.events if name in said]

    def loaded(self):
        """Addresses that were asked for since `open`, without those of data in the page."""
        asked = [p["request"]["url"] for name, p in self.events if name == "Network.requestWillBeSent"]
        return [address for address in asked if not address.startswith("data:")]

    def picture(self, path, *, whole=True):
        """Write a PNG of the page, the whole of it or what the window shows."""
        found = self.ask("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))
