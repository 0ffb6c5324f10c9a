/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A UDP echo server: sends every datagram back to its sender. */

class Echo : Gudpx.DatagramProtocol {
  public override void started () {
    stdout.printf ("listening on %s\n", transport.local_address.to_string ());
    stdout.flush ();
  }

  /* Detects a sender with our own number: another echo server, or forged. Echoes would not end. */
  bool is_echo_server (Gudpx.Datagram datagram) {
    var sender = datagram.sender as InetSocketAddress;
    var own = transport.local_address as InetSocketAddress;

    return sender.port == own.port;
  }

  public override void datagram_received (Gudpx.Datagram datagram) {
    unowned uint8[] payload = datagram.get_payload ();
    var text = datagram.dup_text () ?? "(no text)";
    var sender = datagram.get_sender ().to_string ();

    stdout.printf ("received \"%s\" from %s\n", text.escape (), sender);
    stdout.flush ();

    if (is_echo_server (datagram))
      return;
    try {
      datagram.reply (payload);
    } catch (Error error) {
      warning ("%s", error.message);
    }
  }
}

string address;
int port;

const OptionEntry[] ENTRIES = {
  { "address", 'a', 0, OptionArg.STRING, ref address, "Address to listen on", "ADDRESS" },
  { "port", 'p', 0, OptionArg.INT, ref port, "Port; 0 takes a free one", "PORT" },
  { null }
};

int main (string[] args) {
  address = "127.0.0.1";
  port = 9999;
  Intl.setlocale ();

  try {
    var context = new OptionContext ("— send every datagram back");
    context.add_main_entries (ENTRIES, null);
    context.parse (ref args);
    if (args.length != 1 || port < 0 || port > uint16.MAX)
      throw new OptionError.FAILED ("Give options only, and a port from 0 to 65535, see --help");
    // You do not need to keep the port: it serves until it is stopped.
    Gudpx.listen_udp ((uint16) port, new Echo (), address);
  } catch (Error error) {
    stderr.printf ("%s\n", error.message);
    return 1;
  }

  new MainLoop ().run ();

  return 0;
}
