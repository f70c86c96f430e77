"""Chromium without a window, told what to do by the DevTools protocol over a pair of pipes.

It has a profile of its own in a temporary directory, and ends with the test process.
"""

import base64
import contextlib
import fcntl
import json
import os
import shutil
import signal
import tempfile
import threading
from pathlib import Path

import pytest

from harness import wait_until

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
KEYS = {"Enter": (13, "\r"), "Escape": (27, ""), "Tab": (9, ""), " ": (32, " ")}
FLAGS = (
    "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
    "--no-first-run", "--disable-breakpad", "--disable-dev-shm-usage", "--disable-sync",
    "--disable-extensions", "--disable-component-update", "--disable-background-networking",
    "--password-store=basic", "--lang=en-GB",
)


def program():
    """The browser's path, or the test is skipped."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    return found or pytest.skip("Chromium is not installed")


def moved_up(fd):
    """The same end of a pipe, with a number that is none of those that the browser wants."""
    copy = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return copy


def spawn(argv, log):
    """In a group of its own. Returns its process id, what it reads from, and what it writes to."""
    its_input, commands = map(moved_up, os.pipe())
    replies, its_output = map(moved_up, os.pipe())
    argv = [shutil.which("setpriv"), "--pdeathsig", "KILL", "--", *map(str, argv)]
    pid = os.posix_spawn(argv[0], argv, os.environ, setpgroup=0, file_actions=[
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
        (os.POSIX_SPAWN_DUP2, its_input, 3), (os.POSIX_SPAWN_DUP2, its_output, 4)])
    os.close(its_input)
    os.close(its_output)
    return pid, commands, replies


class BrowserFailed(AssertionError):
    pass


class Browser:
    def __init__(self):
        path = program()
        self.directory = Path(tempfile.mkdtemp(prefix="rs-browser-"))
        self.lock = threading.Condition()
        self.answers = {}
        self.tabs = {}
        self.count = 0
        self.ended = False
        self.pid, self.commands, self.replies = spawn(
            [path, *FLAGS, f"--user-data-dir={self.directory}", "about:blank"],
            self.directory / "stderr")
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def call(self, method, session=None, timeout=20, **params):
        with self.lock:
            self.count += 1
            number = self.count
            message = {"id": number, "method": method, "params": params}
            if session:
                message["sessionId"] = session
            self._write(json.dumps(message).encode() + b"\0")
            self.lock.wait_for(lambda: number in self.answers or self.ended, timeout)
            answer = self.answers.pop(number, None)
        if answer is None or "error" in answer:
            raise BrowserFailed(f"{method}: {answer and answer['error']}\n{self.words()}")
        return answer["result"]

    def tab(self):
        """An empty tab that shares nothing with any other."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context,
                           width=1280, height=900)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = self.tabs[session] = Tab(self, context, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            tab.call(f"{domain}.enable")
        return tab

    def words(self):
        return (self.directory / "stderr").read_text(errors="replace")[-2000:]

    def close(self):
        with contextlib.suppress(BrowserFailed, OSError):
            self.call("Browser.close", timeout=5)
        self.reader.join(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.waitpid(-self.pid, 0)
        os.close(self.commands)
        os.close(self.replies)
        shutil.rmtree(self.directory, ignore_errors=True)

    def _write(self, data):
        while data:
            data = data[os.write(self.commands, data):]

    def _read(self):
        rest = b""
        with contextlib.suppress(OSError):
            while chunk := os.read(self.replies, 1 << 16):
                *messages, rest = (rest + chunk).split(b"\0")
                for message in messages:
                    self._take(json.loads(message))
        with self.lock:
            self.ended = True
            self.lock.notify_all()

    def _take(self, message):
        with self.lock:
            if "id" in message:
                self.answers[message["id"]] = message
                self.lock.notify_all()
            elif message.get("sessionId") in self.tabs:
                self.tabs[message["sessionId"]].note(message["method"], message["params"])


class Tab:
    def __init__(self, browser, context, session):
        self.browser = browser
        self.context = context
        self.session = session
        self.requests = []  # what it asked servers for: URLs
        self.complaints = []  # what the console got, and exceptions that nobody caught

    def note(self, method, params):
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(str(params["args"]))
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def go(self, url):
        self.call("Page.navigate", url=url)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, expression, timeout=10):
        """Waits until it is true."""
        def holds():
            with contextlib.suppress(AssertionError):  # the page is being replaced
                return self.evaluate(f"Boolean({expression})")

        try:
            wait_until(holds, timeout, expression, 0.05)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.shown()[:3000]}") from None

    def shown(self):
        """The text that can be seen on the page."""
        return self.evaluate("document.body.innerText")

    def wait_shown(self, text, timeout=10):
        self.wait(f"document.body.innerText.includes({json.dumps(text)})", timeout)

    def text(self, selector):
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).textContent")

    def click(self, selector):
        self.wait(f"document.querySelector({json.dumps(selector)})?.checkVisibility()")
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def type(self, text):
        """Into what has the focus."""
        self.call("Input.insertText", text=text)

    def press(self, key, shift=False):
        code, text = KEYS[key]
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code,
                      modifiers=8 if shift else 0, **({"text": text} if text else {}))

    def tab_to(self, selector, most=60):
        """Presses the tabulator until the element has the focus."""
        for _ in range(most):
            if self.evaluate(f"document.activeElement.matches({json.dumps(selector)})"):
                return
            self.press("Tab")
        raise AssertionError(f"the tabulator does not lead to {selector}")

    def resize(self, width, height, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=mobile)

    def offline(self, is_offline):
        self.call("Network.emulateNetworkConditions", offline=is_offline, latency=0,
                  downloadThroughput=-1, uploadThroughput=-1)

    def screenshot(self, path):
        image = self.call("Page.captureScreenshot")["data"]
        Path(path).write_bytes(base64.b64decode(image))

    def close(self):
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)
