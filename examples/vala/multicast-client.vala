/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sends "Client: Ping" to a multicast group and prints the answers. */

const string GROUP = "228.0.0.5";
const uint16 PORT = 8005;

class MulticastPingClient : Gudpx.DatagramProtocol {
  public override void datagram_received (Gudpx.Datagram datagram) {
    var text = datagram.dup_text () ?? "(no text)";
    stdout.printf ("received \"%s\" from %s\n", text.escape (), datagram.sender.to_string ());
    stdout.flush ();
  }
}

string? iface;

const OptionEntry[] ENTRIES = {
  { "interface", 'i', 0, OptionArg.STRING, ref iface, "Interface to send on", "NAME" },
  { null }
};

int main (string[] args) {
  Intl.setlocale ();

  try {
    var context = new OptionContext ("— ping the members of " + GROUP);
    context.add_main_entries (ENTRIES, null);
    context.parse (ref args);
    if (args.length != 1)
      throw new OptionError.FAILED ("Unexpected argument, see --help");
    // Number 0 takes a free port number. If client and server shared a number on one machine, the
    // kernel would deliver the answer to only one of the two.
    var port = Gudpx.listen_multicast (0, new MulticastPingClient ());
    port.set_multicast_interface (iface);
    port.write_to_host ("Client: Ping".data, GROUP, PORT);
  } catch (Error error) {
    stderr.printf ("%s\n", error.message);
    return 1;
  }

  stdout.printf ("sent \"Client: Ping\" to %s:%u\n", GROUP, PORT);
  stdout.flush ();
  new MainLoop ().run ();

  return 0;
}
