"""respoolctl as people and programs use it."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time

from harness import BUILD, environment, run_program, strict_json, wait_until


class Console:
    """The console with a stack's configuration."""

    def __init__(self, stack):
        self.stack = stack

    def run(self, *arguments, **options):
        return run_program("respoolctl", "-c", self.stack.config_path, *arguments, **options)

    def text(self, *arguments, status=0):
        """What it prints; and it complains on stderr, in lines of its own, only if it fails."""
        result = self.run(*arguments)
        assert result.returncode == status, result
        complaint = result.stderr.decode()
        assert bool(complaint) == bool(status), result
        assert all(line.startswith("respoolctl: ") for line in complaint.splitlines())
        return result.stdout.decode()

    def json(self, *arguments, status=0):
        return strict_json(self.text("--json", *arguments, status=status))

    def complaint(self, *arguments, status=1):
        """Its one line on stderr; nothing else is printed."""
        result = self.run(*arguments)
        assert (result.returncode, result.stdout) == (status, b""), result
        assert result.stderr.count(b"\n") == 1, result
        return result.stderr.decode().removeprefix("respoolctl: ").rstrip("\n")

    def start(self, *arguments):
        """Begins to run it, its output in pipes."""
        return Running(self._argv(arguments))

    def start_on_terminal(self, *arguments, columns=80):
        return OnTerminal(self._argv(arguments), columns)

    def _argv(self, arguments):
        return ["setpriv", "--pdeathsig", "TERM", "--", str(BUILD / "respoolctl"), "-c",
                str(self.stack.config_path), *map(str, arguments)]


class Running:
    """A console that runs, and what it has printed by now."""

    def __init__(self, argv):
        self.process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment())
        self.printed = b""
        self.complained = b""
        os.set_blocking(self.process.stdout.fileno(), False)

    def await_text(self, text, timeout=10):
        def has_come():
            self.printed += self.process.stdout.read() or b""
            return text.encode() in self.printed

        wait_until(has_come, timeout, f"{text!r} to be printed")

    def end(self, timeout=15):
        """Its exit status. What it has printed is complete then."""
        os.set_blocking(self.process.stdout.fileno(), True)
        printed, self.complained = self.process.communicate(timeout=timeout)
        self.printed += printed
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.communicate()


class OnTerminal:
    """A console that runs on a terminal of its own."""

    def __init__(self, argv, columns):
        self.terminal, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(
            argv, stdin=theirs, stdout=theirs, stderr=theirs, env=environment())
        os.close(theirs)
        self.printed = b""

    def _read(self, seconds):
        """False once nobody is left to write."""
        if not select.select([self.terminal], [], [], seconds)[0]:
            return True
        try:
            self.printed += os.read(self.terminal, 65536)
        except OSError:
            return False
        return True

    def await_text(self, text, timeout=10):
        deadline = time.monotonic() + timeout
        while text.encode() not in self.printed:
            assert time.monotonic() < deadline and self._read(0.1), self.printed

    def type(self, line):
        os.write(self.terminal, line.encode() + b"\n")

    def end(self, timeout=15):
        """Its exit status, and all that was printed, with plain line ends."""
        deadline = time.monotonic() + timeout
        while self._read(0.1):
            assert time.monotonic() < deadline, self.printed
        os.close(self.terminal)
        return self.process.wait(timeout), self.printed.decode().replace("\r\n", "\n")
