/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Joins a multicast group and answers each "Client: Ping" with "Server: Pong". */

const string GROUP = "228.0.0.5";
const uint16 PORT = 8005;

class MulticastPingPong : Gudpx.DatagramProtocol {
  public override void datagram_received (Gudpx.Datagram datagram) {
    var text = datagram.dup_text () ?? "(no text)";
    stdout.printf ("received \"%s\" from %s\n", text.escape (), datagram.sender.to_string ());
    stdout.flush ();

    if (text != "Client: Ping")
      return;
    try {
      // Answer the sender, not the group.
      datagram.reply ("Server: Pong".data);
    } catch (Error error) {
      warning ("%s", error.message);
    }
  }
}

string? iface;

const OptionEntry[] ENTRIES = {
  { "interface", 'i', 0, OptionArg.STRING, ref iface, "Interface to join on", "NAME" },
  { null }
};

int main (string[] args) {
  Intl.setlocale ();

  try {
    var context = new OptionContext ("— answer pings to " + GROUP);
    context.add_main_entries (ENTRIES, null);
    context.parse (ref args);
    if (args.length != 1)
      throw new OptionError.FAILED ("Unexpected argument, see --help");
    // listen_multiple: several servers may run on one machine, and each receives the ping.
    var port = Gudpx.listen_multicast (PORT, new MulticastPingPong (), true);
    port.join_group (GROUP, iface);
  } catch (Error error) {
    stderr.printf ("%s\n", error.message);
    return 1;
  }

  stdout.printf ("listening on port %u for %s\n", PORT, GROUP);
  stdout.flush ();
  new MainLoop ().run ();

  return 0;
}
