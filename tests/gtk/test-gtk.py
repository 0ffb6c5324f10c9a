#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Chat programs in two network namespaces find each other and talk. The tests check their
windows."""

import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import tempfile
import unittest

import stage
import tap
from exampletest import Process

PICTURES = pathlib.Path(os.environ.get("GUDPX_BUILD_DIR", stage.ROOT / "build")) / "tests" / "gtk"
LANGUAGES = ("python", "js")


display = far_host = None


def setUpModule():
    global display, far_host
    if not stage.find_missing():
        display, far_host = stage.Display(), stage.FarHost()


def tearDownModule():
    for thing in (display, far_host):
        if thing is not None:
            thing.close()


class ChatTestCase(unittest.TestCase):
    def setUp(self):
        missing = stage.find_missing()
        if missing:
            self.skipTest(f"missing: {', '.join(missing)}")

    def start(self, language, name, **options):
        chat = stage.Chat(display, language, name, **options)
        self.addCleanup(chat.close)
        # The window exists when the program answers.
        chat.ask("look")
        return chat

    def start_pair(self, languages, **options):
        """Starts Ada here and Grace at the other end of the cable. Each sees the other."""
        ada = self.start(languages[0], "Ada", **options)
        grace = self.start(languages[1], "Grace", prefix=far_host.prefix, **options)
        ada.wait_for(peers=[["Grace", 0]])
        grace.wait_for(peers=[["Ada", 0]])
        grace.move(800, 0)
        return ada, grace

    def spoil(self, namespace):
        """Returns environment variables that make the typelib of @namespace unusable."""
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        pathlib.Path(directory.name, f"{namespace}.typelib").touch()
        rest = os.environ.get("GI_TYPELIB_PATH", "")
        return {"GI_TYPELIB_PATH": f"{directory.name}:{rest}"}

    def take_picture(self, path):
        """Takes pictures until one shows windows. The plot moves, so successive pictures may
        differ."""
        def shows_windows():
            display.capture(path)
            colors = subprocess.check_output(["identify", "-format", "%k", str(path)], text=True)
            # Without windows there are two colors. Text and avatars have many.
            return int(colors) > 300

        stage.wait_until(shows_windows, lambda: f"a picture of windows, last {path}")


class Pair:
    """Tests two programs, in each combination of languages."""

    languages = None
    picture = "talk"

    def test_talk(self):
        ada, grace = self.start_pair(self.languages)

        # Enter sends the message.
        ada.ask("select", "Grace")
        ada.wait_for(page="conversation", title="Grace", can_write=True)
        ada.type("Hello Grace")
        ada.press("Return")
        ada.wait_for(messages=[["Hello Grace", "Delivered"]])
        grace.wait_for(peers=[["Ada", 1]])

        grace.ask("select", "Ada")
        grace.wait_for(peers=[["Ada", 0]], messages=[["Hello Grace", ""]])
        grace.ask("write", "<b>Hello</b> Ada & all")
        ada.wait_for(messages=[["Hello Grace", "Delivered"], ["<b>Hello</b> Ada & all", ""]])

        path = PICTURES / f"{self.picture}-{'-'.join(self.languages)}.png"
        self.take_picture(path)

        # A person that quits leaves the list; the messages stay.
        grace.quit()
        ada.wait_for(peers=[], subtitle="Has left", can_write=False)
        self.assertEqual(len(ada.ask("look")["messages"]), 2)
        ada.quit()


class PythonWithJs(Pair, ChatTestCase):
    languages = ("python", "js")


class PythonWithPython(Pair, ChatTestCase):
    languages = ("python", "python")


class JsWithJs(Pair, ChatTestCase):
    languages = ("js", "js")


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def list_groups(interface):
    """Returns the IPv4 groups that any program joined on the interface."""
    output = subprocess.check_output(["ip", "-json", "maddress", "show", interface], text=True)
    addresses = [entry for link in json.loads(output) for entry in link["maddr"]]
    return [entry["address"] for entry in addresses if entry.get("family") == "inet"]


class Stranger:
    """Another program in the network, which may send anything."""

    def __init__(self, peer_id="0123456789abcdef", name="Stranger", host="10.99.0.1"):
        self.fields = {"v": 1, "id": peer_id, "name": name}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.settimeout(stage.TIME_LIMIT)
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                               socket.inet_aton("10.99.0.1"))

    def close(self):
        self.socket.close()

    def send(self, data, destination=(stage.GROUPS[0], stage.PORT)):
        self.socket.sendto(data, destination)

    def say(self, kind, destination=(stage.GROUPS[0], stage.PORT), **fields):
        self.send(json.dumps({**self.fields, "type": kind, **fields}).encode(), destination)

    def hears_something(self):
        return bool(select.select([self.socket], [], [], 0.1)[0])

    def receive(self, kind):
        """Returns the next datagram of this type, and its sender."""
        while True:
            data, sender = self.socket.recvfrom(65536)
            fields = json.loads(data)
            if fields["type"] == kind:
                return fields, sender

    def meet(self):
        """Announces itself. The answer comes from the address of the other program."""
        self.say("here")
        return self.receive("here")


BAD = (
    b"", b"\xff\xfe", b"{", b"[" * 1400, b"null", b"[]", b"1", b"{}",
    # Everything is right except the length.
    b'{"v": 1, "type": "here", "id": "0123456789abcdef", "name": "x"}' + b" " * 1400,
    b'{"v": 2, "type": "here", "id": "0123456789abcdef", "name": "x"}',
    b'{"v": 1, "type": "here", "id": "short", "name": "x"}',
    b'{"v": 1, "type": "here", "id": "0123456789abcdef", "name": {}}',
    b'{"v": 1, "type": "here", "id": "0123456789abcdef"}',
    b'{"v": 1, "type": ["here"], "id": "0123456789abcdef", "name": "x"}',
    b'{"v": 1, "type": "message", "id": "0123456789abcdef", "name": "x", "text": "no number"}',
    b'{"v": 1, "type": "message", "id": "0123456789abcdef", "name": "x", "number": -1, "text": ""}',
    b'{"v": 1, "type": "message", "id": "0123456789abcdef", "name": "x", "number": 1, "text": 1}',
    b'{"v": 1, "type": "ack", "id": "0123456789abcdef", "name": "x", "number": 1e99}',
)


class Alone:
    """Tests one program, in each language."""

    language = None

    def start_ada(self, **options):
        """Starts Ada with a long interval: she must not forget strangers, which announce
        themselves only once."""
        return self.start(self.language, "Ada", interval=60, **options)

    def open_stranger(self, **fields):
        stranger = Stranger(**fields)
        self.addCleanup(stranger.close)
        return stranger

    def test_empty(self):
        ada = self.start_ada()
        ada.wait_for(page="empty", status="Nobody Here Yet", peers=[])
        ada.quit()

    def test_bad_datagrams(self):
        ada = self.start_ada()
        stranger = self.open_stranger()
        _, address = stranger.meet()
        for data in BAD:
            stranger.send(data, address)
        ada.wait_for(ignored=len(BAD), peers=[["Stranger", 0]])
        ada.quit()

    def test_text_is_shown_as_text(self):
        ada = self.start_ada()
        stranger = self.open_stranger(name="<b>&\n\u202e\x00\ud800" + "x" * 100)
        _, address = stranger.meet()
        name = "<b>& " + "x" * 35
        ada.wait_for(peers=[[name, 0]])

        stranger.say("message", address, number=7, text="<i>\x07\ud83d" + "\U0001f600" * 9)
        stranger.say("message", address, number=7, text="the same again")
        # A program repeats a message if the answer was lost: both get an answer.
        for _ in range(2):
            self.assertEqual(stranger.receive("ack")[0]["number"], 7)
        stranger.say("message", address, number=8, text="x" * 1000)
        ada.wait_for(peers=[[name, 2]])
        ada.ask("select", name)
        ada.wait_for(messages=[["<i> " + "\U0001f600" * 9, ""], ["x" * 280, ""]], title=name)
        ada.quit()

    def test_sends_again(self):
        ada = self.start_ada(resend=2000)
        stranger = self.open_stranger()
        stranger.meet()
        ada.wait_for(peers=[["Stranger", 0]])
        ada.ask("select", "Stranger")
        ada.ask("write", "Do you hear me?")
        first, address = stranger.receive("message")
        self.assertEqual((first["text"], first["name"]), ("Do you hear me?", "Ada"))
        ada.wait_for(messages=[["Do you hear me?", "Sending…"]])

        again, _ = stranger.receive("message")
        self.assertEqual(again, first)
        # An acknowledgement of another program has no effect.
        other = self.open_stranger(peer_id="f" * 16, name="Other")
        other.say("ack", address, number=first["number"])
        ada.wait_for(peers=[["Stranger", 0], ["Other", 0]])
        ada.wait_for(messages=[["Do you hear me?", "Sending…"]])
        stranger.say("ack", address, number=first["number"])
        ada.wait_for(messages=[["Do you hear me?", "Delivered"]])
        ada.quit()

    def test_not_delivered(self):
        ada = self.start_ada(resend=50)
        self.open_stranger().meet()
        ada.wait_for(peers=[["Stranger", 0]])
        ada.ask("select", "Stranger")
        ada.ask("write", "Nobody answers")
        ada.wait_for(messages=[["Nobody answers", "Not delivered"]])
        ada.quit()

    def test_bye_of_another(self):
        ada = self.start_ada()
        stranger = self.open_stranger()
        _, address = stranger.meet()
        impostor = self.open_stranger()
        impostor.say("bye", address)
        impostor.send(b"bad", address)
        ada.wait_for(ignored=1, peers=[["Stranger", 0]])
        stranger.say("bye", address)
        ada.wait_for(peers=[])
        ada.quit()

    def test_signals(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            ada, grace = self.start_pair((self.language, self.language), interval=60)
            grace.process.send_signal(number)
            # Grace said “bye”: without this it takes minutes until she leaves the list.
            ada.wait_for(peers=[])
            self.assertEqual((grace.process.wait(stage.TIME_LIMIT), grace.errors), (0, ""))
            ada.quit()

    def test_time_out(self):
        ada, grace = self.start_pair((self.language, self.language), interval=1)
        grace.process.kill()
        ada.wait_for(peers=[])
        ada.quit()

    def test_comes_back(self):
        ada, grace = self.start_pair((self.language, self.language), interval=1)
        ada.ask("select", "Grace")
        ada.ask("write", "Hello")
        ada.wait_for(messages=[["Hello", "Delivered"]])

        # This looks like a cable that was unplugged for a while.
        grace.process.send_signal(signal.SIGSTOP)
        ada.wait_for(peers=[], subtitle="Has left", can_write=False)
        grace.process.send_signal(signal.SIGCONT)
        ada.wait_for(peers=[["Grace", 0]], subtitle="10.99.0.2", can_write=True,
                     messages=[["Hello", "Delivered"]])
        ada.ask("write", "Welcome back")
        ada.wait_for(messages=[["Hello", "Delivered"], ["Welcome back", "Delivered"]])
        grace.quit()
        ada.quit()

    def test_link_local(self):
        # In a link-local group the programs reach each other at these addresses only.
        ada, grace = self.start_pair((self.language, self.language), groups=["ff02::1:4788"])
        ada.ask("select", "Grace")
        # The scope is a name or a number.
        self.assertRegex(ada.ask("look")["subtitle"], r"^fe80::2%\w+$")
        ada.ask("write", "Hello")
        ada.wait_for(messages=[["Hello", "Delivered"]])
        grace.quit()
        ada.quit()

    def test_several_on_one_machine(self):
        names = ("Ada", "Grace", "Alan")
        chats = [self.start(self.language, name, interface="lo", groups=stage.GROUPS[:1])
                 for name in names]
        for chat in chats:
            others = {name for name in names if name != chat.name}
            stage.wait_until(lambda: {name for name, _ in chat.ask("look")["peers"]} == others,
                             lambda: chat.ask("look"))
        for chat in chats:
            chat.quit()

    def test_unreachable(self):
        ada = self.start_ada()
        ip("address", "add", "10.99.0.77/32", "dev", "gudpx0")
        self.open_stranger(host="10.99.0.77").meet()
        ada.wait_for(peers=[["Stranger", 0]], toast=None)

        ip("address", "delete", "10.99.0.77/32", "dev", "gudpx0")
        ip("route", "add", "unreachable", "10.99.0.77/32")
        self.addCleanup(ip, "route", "delete", "unreachable", "10.99.0.77/32")
        ada.ask("select", "Stranger")
        ada.ask("write", "Hello")
        stage.wait_until(lambda: "10.99.0.77" in (ada.ask("look")["toast"] or ""),
                         lambda: ada.ask("look"))
        ada.quit()

    def test_new_network(self):
        ada = self.start_ada()
        ip("link", "add", "gudpx9", "type", "veth", "peer", "name", "gudpx8")
        self.addCleanup(ip, "link", "delete", "gudpx9")
        ip("link", "set", "gudpx9", "up")
        ip("address", "add", "10.98.0.1/24", "dev", "gudpx9")
        stage.wait_until(lambda: stage.GROUPS[0] in list_groups("gudpx9"),
                         lambda: list_groups("gudpx9"))
        ada.quit()

    def test_plot(self):
        ada = self.start_ada()
        stranger = self.open_stranger()
        _, address = stranger.meet()
        before = ada.ask("look")["received"]
        for _ in range(50):
            stranger.say("here", address)
        stage.wait_until(lambda: ada.ask("look")["received"] >= before + 50,
                         lambda: ada.ask("look"))
        self.assertGreater(ada.ask("look")["sent"], 0)
        ada.quit()

    def test_narrow(self):
        ada = self.start_ada()
        self.open_stranger().meet()
        ada.wait_for(peers=[["Stranger", 0]], folded=False)
        ada.resize(360, 560)
        ada.wait_for(folded=True, shows="list")
        ada.ask("select", "Stranger")
        ada.wait_for(shows="content", title="Stranger")
        ada.ask("back")
        ada.wait_for(shows="list")
        ada.quit()


class Plain(Pair):
    """Tests without libadwaita: Ada has the option --plain, and Grace cannot load libadwaita."""

    picture = "plain"

    def start(self, language, name, **options):
        options.update({"plain": True} if name == "Ada" else {"environment": self.spoil("Adw-1")})
        chat = super().start(language, name, **options)
        chat.wait_for(plain=True)
        return chat

    # Run these tests of one program, too: they show pages that a pair does not show.
    start_ada = Alone.start_ada
    open_stranger = Alone.open_stranger
    test_empty = Alone.test_empty
    test_narrow = Alone.test_narrow
    test_unreachable = Alone.test_unreachable

    @property
    def language(self):
        return self.languages[0]


class PlainPython(Plain, ChatTestCase):
    languages = ("python", "python")


class PlainJs(Plain, ChatTestCase):
    languages = ("js", "js")


class Programs:
    """Tests the programs as examples/run starts them."""

    language = None

    def run_program(self, *arguments, **environment):
        program = Process(
            [stage.ROOT / "examples" / "run", "gtk-chat", self.language, *arguments],
            env={**display.environment, **environment})
        self.addCleanup(program.stop)
        return program

    def check_runs(self, group, *arguments):
        program = self.run_program("--name", "Ada", "--interface", "gudpx0", *arguments)
        # The program does not know this stranger yet.
        stranger = Stranger()
        self.addCleanup(stranger.close)
        stage.wait_until(lambda: stranger.say("here", group) or stranger.hears_something(),
                         lambda: program.output)
        fields, _ = stranger.receive("here")
        self.assertEqual(fields["name"], "Ada")
        window = display.find_window(program.pid)
        display.run("xdotool", "windowfocus", "--sync", window, "key", "ctrl+q")
        self.assertEqual(program.wait(), 0)
        self.assertEqual(program.lines, [])

    def test_runs(self):
        self.check_runs((stage.GROUPS[0], stage.PORT))

    def test_runs_apart(self):
        self.check_runs(("239.255.71.89", 46988), "--group", "239.255.71.89", "--port", "46988")

    def test_errors(self):
        for arguments, message in (
            (["--interface", "nope"], "nope"),
            (["--group", "192.0.2.1"], "Cannot use 192.0.2.1 as a group: it is not a multicast"),
            (["--port", "99999"], "port"),
            (["--port", "x"], "port"),
            (["--nope"], "nope"),
        ):
            program = self.run_program(*arguments)
            self.assertIn(program.wait(), (1, 2), arguments)
            self.assertIn(message, program.output)
            self.assertNotRegex(program.output, "Traceback|JS ERROR")

    def test_plain(self):
        self.check_runs((stage.GROUPS[0], stage.PORT), "--plain")

    def test_no_gtk(self):
        program = self.run_program(**self.spoil("Gtk-4.0"))
        self.assertEqual(program.wait(), 1)
        self.assertRegex(program.output, "Gtk.* apt install gir1.2-gtk-4.0")
        self.assertNotRegex(program.output, "Traceback|JS ERROR")

    def test_help(self):
        program = self.run_program("--help")
        self.assertEqual(program.wait(), 0)
        for option in ("--name", "--interface", "--group", "--port", "--plain"):
            self.assertIn(option, program.output)


class ProgramsPython(Programs, ChatTestCase):
    language = "python"


class ProgramsJs(Programs, ChatTestCase):
    language = "js"


class AlonePython(Alone, ChatTestCase):
    language = "python"


class AloneJs(Alone, ChatTestCase):
    language = "js"


if __name__ == "__main__":
    tap.main()
