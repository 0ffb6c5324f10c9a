# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes the pictures of the README and of the guide: a conversation of real
programs."""

import pathlib
import sys
import time

import stage

SCREEN = "900x660"
WORDS = (
    ("Grace", "Good morning! Who else is in the lab?"),
    ("Ada", "Karen and Alan, says the list. It filled by itself."),
    ("Grace", "No server?"),
    ("Ada", "None. They announce themselves to a multicast group, over IPv4 and IPv6."),
    ("Grace", "So the network of the hackathon will do."),
)
PEOPLE = ("Ada Lovelace", "Grace Hopper", "Alan Turing", "Karen Spärck Jones")
NAMES = {"Ada": "Ada Lovelace", "Grace": "Grace Hopper"}


class Scene:
    """Shows the window of Ada. The others run on the other host, and their windows are outside the
    screen."""

    def __init__(self, host, languages, environment):
        self.display = stage.Display(SCREEN)
        self.host = host
        self.chats = {}
        for i, name in enumerate(PEOPLE):
            self.start(name, languages[i % 2], environment)

    def start(self, name, language, environment):
        near = name == NAMES["Ada"]
        chat = stage.Chat(self.display, language, name, () if near else self.host.prefix,
                          environment=environment, interval=3)
        chat.ask("look")
        if not near:
            chat.move(2000, 0)
        self.chats[name] = chat
        self.ada = self.chats[NAMES["Ada"]]

    def talk(self):
        stage.wait_until(lambda: len(self.ada.ask("look")["peers"]) == 3,
                         lambda: self.ada.ask("look"))
        self.ada.ask("select", NAMES["Grace"])
        for name in NAMES.values():
            other = next(each for each in NAMES.values() if each != name)
            self.chats[name].ask("select", other)
        for short_name, text in WORDS:
            time.sleep(7)
            self.chats[NAMES[short_name]].ask("write", text)
        self.interrupt()

    def interrupt(self):
        """Lets the other people write to Ada."""
        for name, texts in (("Alan Turing", ("Can machines chat?", "Lunch?")),
                            ("Karen Spärck Jones", ("I weigh my words.",))):
            self.chats[name].ask("select", NAMES["Ada"])
            for text in texts:
                self.chats[name].ask("write", text)
                time.sleep(2)

    def close(self):
        for chat in self.chats.values():
            chat.close()
        self.display.close()


def take(directory, name, host, languages, **environment):
    scene = Scene(host, languages, environment)
    try:
        scene.ada.resize(780, 540)
        scene.talk()
        scene.display.take_picture(directory / f"{name}.png")
        if name == "chat":
            take_narrow(directory, scene)
    finally:
        scene.close()


def take_narrow(directory, scene):
    """Takes a picture of two narrow windows: one shows the list, the other the conversation."""
    grace = scene.chats[NAMES["Grace"]]
    for chat, x in ((scene.ada, 0), (grace, 420)):
        chat.resize(360, 540)
        chat.wait_for(folded=True)
        chat.move(x, 0)
    scene.ada.ask("back")
    scene.display.take_picture(directory / "chat-narrow.png")


def main():
    directory = pathlib.Path(sys.argv[1])
    missing = stage.find_missing()
    if missing:
        sys.exit(f"missing: {', '.join(missing)}")
    host = stage.FarHost()
    take(directory, "chat", host, ("python", "js"))
    take(directory, "chat-dark", host, ("js", "python"), ADW_DEBUG_COLOR_SCHEME="prefer-dark")
    host.close()


if __name__ == "__main__":
    main()
