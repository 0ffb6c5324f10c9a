# SPDX-License-Identifier: LGPL-2.1-or-later
"""An X server without a screen, two hosts on one cable, and chat programs on them."""

import contextlib
import json
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
GJS = os.environ.get("GJS") or shutil.which("gjs")
# Seconds after which a test fails, also on a busy machine.
TIME_LIMIT = 120

PORT = 46987
GROUPS = ["239.255.71.88", "ff02::1:4788"]
DEFAULTS = {"port": PORT, "groups": GROUPS, "interval": 5, "resend": 500}
TOOLS = ("Xvfb", "xcompmgr", "xdotool", "import", "identify", "nsenter", "unshare")

# The settings of GNOME, without animations, which would differ from picture to picture.
SETTINGS = """[Settings]
gtk-font-name=Cantarell 11
gtk-decoration-layout=:close
gtk-cursor-blink=false
gtk-enable-animations=false
"""

# Width and height of the shadow around Adwaita's windows, both sides together.
SHADOW = (122, 122)

ADDRESSES = ("10.99.0.2/24", "fd99::2/64", "fe80::2/64")


def find_missing():
    """Returns the names of missing programs and modules."""
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    check = "import gi, Xlib; gi.require_version('Adw', '1'); gi.require_foreign('cairo')"
    result = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True,
                            check=False)
    if result.returncode:
        missing.append(result.stderr.strip().splitlines()[-1])
    return missing + ([] if GJS else ["gjs"])


def wait_until(condition, describe):
    deadline = time.monotonic() + TIME_LIMIT
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"It did not come about in time: {describe()}")
        time.sleep(0.02)


class FarHost:
    """A network namespace with the other end of the cable of tests/netns."""

    def __init__(self):
        self._holder = subprocess.Popen(["unshare", "-n", "cat"], stdin=subprocess.PIPE)
        self.prefix = ["nsenter", "-t", str(self._holder.pid), "-n"]
        wait_until(self._is_apart, lambda: "a second network namespace")
        self._ip("link", "set", "gudpx1", "netns", str(self._holder.pid))
        self._ip("link", "set", "lo", "up", prefix=self.prefix)
        self._ip("link", "set", "gudpx1", "addrgenmode", "none", prefix=self.prefix)
        self._ip("link", "set", "gudpx1", "up", prefix=self.prefix)
        for address in ADDRESSES:
            nodad = ["nodad"] if ":" in address else []
            self._ip("address", "add", address, "dev", "gudpx1", *nodad, prefix=self.prefix)

    def _is_apart(self):
        with contextlib.suppress(OSError):
            return (os.readlink(f"/proc/{self._holder.pid}/ns/net") !=
                    os.readlink("/proc/self/ns/net"))
        return False

    def _ip(self, *arguments, prefix=()):
        subprocess.run([*prefix, "ip", *arguments], check=True)

    def close(self):
        self._holder.stdin.close()
        self._holder.wait()


class Display:
    """An X server without a screen, and a compositor that draws shadows there."""

    def __init__(self, size="1720x680"):
        self.directory = tempfile.TemporaryDirectory()
        self._write_settings()
        self._start(size)
        # Import this only here: if Xlib is missing, the tests are skipped.
        import desktop

        self._desktop = desktop.Desktop(self.name)
        self._compositor = subprocess.Popen(["xcompmgr"], env=self.environment)

    def _start(self, size):
        # By default Xvfb takes the first number that is free in this network namespace. Its socket
        # is in a directory that all namespaces share, so choose a number here.
        number = 100 + os.getpid() % 50000
        reader, writer = os.pipe()
        self._server = subprocess.Popen(
            ["Xvfb", f":{number}", "-displayfd", str(writer), "-screen", "0", f"{size}x24",
             "-nolisten", "tcp"],
            pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writer)
        with open(reader, encoding="ascii") as numbers:
            self.name = f":{numbers.readline().strip()}"
        if self.name != f":{number}":
            raise AssertionError(f"Xvfb does not start as :{number}")

    def _write_settings(self):
        settings = pathlib.Path(self.directory.name) / "gtk-4.0" / "settings.ini"
        settings.parent.mkdir()
        settings.write_text(SETTINGS, encoding="utf-8")

    @property
    def environment(self):
        return {
            **os.environ,
            "DISPLAY": self.name,
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
            "GDK_BACKEND": "x11",
            "GSK_RENDERER": "cairo",
            "GTK_A11Y": "none",
            # Ignore the settings of the user, who may not have a home directory.
            **{f"XDG_{kind}_HOME": self.directory.name for kind in ("CACHE", "CONFIG", "DATA")},
        }

    def run(self, *command):
        result = subprocess.run(command, env=self.environment, check=True, text=True,
                                capture_output=True, timeout=TIME_LIMIT)
        return result.stdout.strip()

    def find_window(self, pid):
        found = []

        def search():
            with contextlib.suppress(subprocess.CalledProcessError):
                found[:] = self.run("xdotool", "search", "--onlyvisible", "--pid", str(pid)).split()
            return found

        wait_until(search, lambda: f"a window of {pid}")
        return found[-1]

    def wait_for_title(self, pid, pattern):
        window = self.find_window(pid)
        wait_until(lambda: re.search(pattern, self.run("xdotool", "getwindowname", window)),
                   lambda: self.run("xdotool", "getwindowname", window))

    def close_window(self, window):
        """Asks the program to close the window, as a window manager does."""
        self._desktop.close_window(int(window))

    def capture(self, path, area=None):
        """Takes a picture of the screen, or of an area in X's notation."""
        path.parent.mkdir(parents=True, exist_ok=True)
        crop = ["-crop", area, "+repage"] if area else []
        self.run("import", "-window", "root", *crop, "-strip", "-define",
                 "png:exclude-chunks=date,time", str(path))

    def take_picture(self, path, area=None):
        """Takes pictures until two successive pictures are equal."""
        before = []

        def is_settled():
            self.capture(path, area)
            before.append(path.read_bytes())
            return before[-2:-1] == before[-1:]

        wait_until(is_settled, lambda: f"two pictures alike, last {path}")

    def close(self):
        self._desktop.close()
        for process in (self._compositor, self._server):
            process.terminate()
            process.wait()
        self.directory.cleanup()


class Chat:
    """A chat program with the driver."""

    def __init__(self, display, language, name, prefix=(), **options):
        options = {**DEFAULTS, "name": name, **options}
        start = {"python": [sys.executable, HERE / "driver.py"],
                 "js": [GJS, "-m", HERE / "driver.js"]}
        environment = {**display.environment, **options.pop("environment", {})}
        # The program looks for this option itself, in the command line.
        plain = ["--plain"] if options.pop("plain", False) else []
        self.display = display
        self.name = name
        self._answers = queue.Queue()
        self._errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [*prefix, *start[language], json.dumps(options), *plain], env=environment, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self._answers.put(line)
        self._answers.put(None)

    def ask(self, *command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        try:
            answer = self._answers.get(timeout=TIME_LIMIT)
        except queue.Empty:
            answer = None
        if answer is None:
            raise AssertionError(f"{self.name} does not answer {command}:\n{self.errors}")
        return json.loads(answer)

    def wait_for(self, **wanted):
        """Waits until the window shows all these values. Returns everything that it shows."""
        wanted = {name.replace("_", "-"): value for name, value in wanted.items()}
        seen = {}

        def look():
            seen.update(self.ask("look"))
            return all(seen[name] == value for name, value in wanted.items())

        wait_until(look, lambda: f"{self.name} shows {seen}, wanted {wanted}\n{self.errors}")
        return seen

    @property
    def errors(self):
        self._errors.seek(0)
        return self._errors.read()

    @property
    def window(self):
        return self.display.find_window(self.process.pid)

    def move(self, x, y):
        self.display.run("xdotool", "windowmove", "--sync", self.window, str(x), str(y))

    def resize(self, width, height):
        """Moves the window as a window manager does. The shadow is part of the window."""
        size = (str(width + SHADOW[0]), str(height + SHADOW[1]))
        self.display.run("xdotool", "windowsize", "--sync", self.window, *size)

    def press(self, *keys):
        """Types on the keyboard of the X server."""
        self.display.run("xdotool", "windowfocus", "--sync", self.window, "key", *keys)

    def type(self, text):
        self.display.run("xdotool", "windowfocus", "--sync", self.window, "type", text)

    def quit(self):
        self.ask("close")
        status = self.process.wait(TIME_LIMIT)
        if status or self.errors:
            raise AssertionError(f"{self.name} ended with {status}:\n{self.errors}")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
