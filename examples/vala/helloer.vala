/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Says hello to one peer and prints the answer, or that the connection was refused. */

class Helloer : Gudpx.DatagramProtocol {
  public bool refused;

  public signal void done ();

  public override void datagram_received (Gudpx.Datagram datagram) {
    var text = datagram.dup_text () ?? "(no text)";
    stdout.printf ("received \"%s\"\n", text.escape ());
    done ();
  }

  public override void connection_refused (Gudpx.Port port) {
    stdout.printf ("connection refused: no one is listening\n");
    refused = true;
    done ();
  }
}

async bool greet (string host, uint16 number) throws Error {
  var helloer = new Helloer ();
  // An IPv6 peer needs an IPv6 socket. Only connected ports receive refusals.
  var port = Gudpx.listen_udp (0, helloer, ":" in host ? "::" : null);
  port.connect_peer (host, number);
  port.write ("hello".data);

  helloer.done.connect (() => greet.callback ());
  yield;

  // From now on the port receives nothing, so the handler above is called only once.
  yield port.stop_listening_async ();
  return !helloer.refused;
}

async int main (string[] args) {
  Intl.setlocale ();

  try {
    unowned string[] rest = args;
    new OptionContext ("HOST PORT — say hello to an IP address").parse (ref rest);
    uint64 number = 0;
    if (rest.length != 3)
      throw new OptionError.FAILED ("See --help");
    uint64.from_string (rest[2], out number, 10, 1, uint16.MAX);
    return (yield greet (rest[1], (uint16) number)) ? 0 : 1;
  } catch (Error error) {
    stderr.printf ("%s\n", error.message);
    return 1;
  }
}
