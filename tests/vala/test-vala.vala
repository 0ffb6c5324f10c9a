/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests the library from Vala, through the generated bindings. */

class Echo : Gudpx.DatagramProtocol {
  public int starts;
  public int stops;

  public override void started () {
    starts++;
  }

  public override void stopped () {
    stops++;
  }

  public override void datagram_received (Gudpx.Datagram datagram) {
    try {
      datagram.reply (datagram.get_payload ());
    } catch (Error error) {
      Test.message ("%s", error.message);
      Test.fail ();
    }
  }
}

class Batches : Gudpx.DatagramProtocol {
  public int datagrams;

  public override void datagrams_received (GenericArray<Gudpx.Datagram> batch) {
    foreach (unowned var datagram in batch)
      assert_cmpint (datagram.get_payload ().length, EQ, 3);
    datagrams += batch.length;
  }
}

delegate bool Condition ();

/* Runs the default main context until the condition holds, for at most two minutes. */
void run_until (Condition holds) {
  var timed_out = false;
  var timeout = Timeout.add_seconds (120, () => {
    timed_out = true;
    return Source.CONTINUE;
  });
  while (!holds () && !timed_out)
    MainContext.default ().iteration (true);
  Source.remove (timeout);
  assert_true (holds ());
}

Gudpx.Port listen (Gudpx.DatagramProtocol protocol) {
  try {
    return Gudpx.listen_udp (0, protocol, "127.0.0.1");
  } catch (Error error) {
    Test.message ("%s", error.message);
    assert_not_reached ();
  }
}

uint16 number_of (Gudpx.Port port) {
  return (uint16) ((InetSocketAddress) port.local_address).port;
}

void test_start_stop () {
  var echo = new Echo ();
  var port = listen (echo);

  assert_cmpint (echo.starts, EQ, 1);
  assert_true (echo.transport == port);
  assert_true (port.listening);
  assert_true (port.protocol == echo);
  assert_cmpint (number_of (port), NE, 0);

  port.stop_listening ();
  assert_cmpint (echo.stops, EQ, 1);
  assert_true (echo.transport == null);
  assert_true (!port.listening);
}

void test_echo () {
  var server = listen (new Echo ());
  var protocol = new Gudpx.DatagramProtocol ();
  var client = listen (protocol);
  Gudpx.Datagram? answer = null;

  protocol.datagram_received.connect ((datagram) => {
    answer = datagram;
  });
  try {
    client.write_to ("Grüße".data, server.local_address);
  } catch (Error error) {
    assert_not_reached ();
  }
  run_until (() => answer != null);

  assert_cmpmem (answer.get_payload (), "Grüße".data);
  assert_cmpstr (answer.dup_text (), EQ, "Grüße");
  assert_cmpstr ((string) answer.get_payload (), EQ, "Grüße");
  assert_true (new Gudpx.Datagram ({ 0xff }).dup_text () == null);
  assert_true (Gudpx.address_equal (answer.get_sender (), server.local_address));
  assert_true (answer.get_transport () == client);
  var statistics = client.get_statistics ();
  assert_true (statistics.datagrams_sent == 1);
  assert_true (statistics.datagrams_received == 1);
  var copy = statistics.copy ();
  assert_true (copy.datagrams_received == 1);
  assert_true (answer.sender == answer.get_sender ());
  assert_true (client.peer_address == null);

  client.stop_listening ();
  server.stop_listening ();
}

void test_batch () {
  var batches = new Batches ();
  var server = listen (batches);
  var client = listen (new Gudpx.DatagramProtocol ());
  var datagrams = new GenericArray<Gudpx.Datagram> ();

  for (var i = 0; i < 5; i++)
    datagrams.add (new Gudpx.Datagram ("abc".data, server.local_address));
  try {
    assert_true (client.write_datagrams (datagrams) == 5);
  } catch (Error error) {
    assert_not_reached ();
  }
  run_until (() => batches.datagrams == 5);

  client.stop_listening ();
  server.stop_listening ();
}

void test_errors () {
  var port = listen (new Gudpx.DatagramProtocol ());
  var caught = 0;

  try {
    port.write_to_host ("x".data, "localhost", 9);
  } catch (IOError.INVALID_ARGUMENT error) {
    caught++;
  } catch (Error error) {
    Test.message ("%s", error.message);
  }
  assert_cmpint (caught, EQ, 1);

  try {
    Gudpx.listen_udp (number_of (port), new Gudpx.DatagramProtocol (), "127.0.0.1");
  } catch (IOError.ADDRESS_IN_USE error) {
    caught++;
  } catch (Error error) {
    Test.message ("%s", error.message);
  }
  assert_cmpint (caught, EQ, 2);

  port.stop_listening ();
}

async void resolve_both (out string literal, out bool refused) {
  literal = "";
  refused = false;
  try {
    var address = yield Gudpx.resolve_async ("::1");
    var addresses = yield Gudpx.resolve_all_async ("::1");
    assert_true (addresses.data.equal (address));
    literal = address.to_string ();
  } catch (Error error) {
    Test.message ("%s", error.message);
  }

  var cancellable = new Cancellable ();
  cancellable.cancel ();
  try {
    yield Gudpx.resolve_async ("127.0.0.1", cancellable);
  } catch (IOError.CANCELLED error) {
    refused = true;
  } catch (Error error) {
    Test.message ("%s", error.message);
  }
}

void test_resolve () {
  var done = false;
  string literal = null;
  var refused = false;

  resolve_both.begin ((source, result) => {
    resolve_both.end (result, out literal, out refused);
    done = true;
  });
  assert_true (!done);
  run_until (() => done);

  assert_cmpstr (literal, EQ, "::1");
  assert_true (refused);
}

async void flush_and_stop (Gudpx.Port port) throws Error {
  yield port.write_async (new Bytes ("x".data), port.local_address);
  yield port.flush_async ();
  yield port.stop_listening_async ();
}

void test_stop_async () {
  var echo = new Echo ();
  var port = listen (echo);
  var done = false;

  flush_and_stop.begin (port, (source, result) => {
    try {
      flush_and_stop.end (result);
      done = true;
    } catch (Error error) {
      Test.message ("%s", error.message);
    }
  });
  run_until (() => done);

  assert_cmpint (echo.stops, EQ, 1);
  assert_true (!port.listening);
}

void test_properties () {
  var port = new Gudpx.Port (new Echo (), new InetSocketAddress.from_string ("127.0.0.1", 0));
  var notified = 0;

  port.notify["broadcast-allowed"].connect (() => notified++);
  port.broadcast_allowed = true;
  port.broadcast_allowed = true;
  assert_cmpint (notified, EQ, 1);

  try {
    port.set_metadata (Gudpx.MetadataFlags.DESTINATION | Gudpx.MetadataFlags.HOP_LIMIT);
    port.start_listening ();
  } catch (Error error) {
    Test.message ("%s", error.message);
    assert_not_reached ();
  }
  assert_true (Gudpx.MetadataFlags.HOP_LIMIT in port.metadata);
  assert_true (port.broadcast_allowed);

  port.stop_listening ();
}

int main (string[] args) {
  Test.init (ref args);

  Test.add_func ("/vala/start-stop", test_start_stop);
  Test.add_func ("/vala/echo", test_echo);
  Test.add_func ("/vala/batch", test_batch);
  Test.add_func ("/vala/errors", test_errors);
  Test.add_func ("/vala/resolve", test_resolve);
  Test.add_func ("/vala/stop-async", test_stop_async);
  Test.add_func ("/vala/properties", test_properties);

  return Test.run ();
}
