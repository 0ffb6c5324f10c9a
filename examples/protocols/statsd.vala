/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Collects metrics of programs and prints them regularly (StatsD): counters, gauges, timers, sets.
 *
 *   examples/run statsd --interval 2
 *   echo "page.views:1|c" | nc -u -w0 127.0.0.1 8125
 *
 * Shows a receiver for many small datagrams, a table of limited size, and a clean end when a signal
 * arrives. */

const int MAX_NAMES = 10000;
const int MAX_VALUES = 100000;

errordomain LineError {
  INVALID
}

/* The values of one name. Metrics except gauges start over with each interval. */
class Metric {
  public string kind;
  public double sum;
  public GenericArray<double?> values = new GenericArray<double?> ();
  public GenericSet<string> members = new GenericSet<string> (str_hash, str_equal);

  public Metric (string kind) {
    this.kind = kind;
  }

  public void take (string text, double rate) throws LineError {
    if (kind == "s") {
      if (members.length < MAX_VALUES)
        members.add (text);
      return;
    }

    double number = 0;
    if (text == "" || !double.try_parse (text, out number) || !number.is_finite ())
      throw new LineError.INVALID ("\"%s\" is not a number", text.escape ());
    if (kind == "c")
      sum += number / rate;
    else if (kind == "g")
      sum = text[0] == '+' || text[0] == '-' ? sum + number : number;
    else if (values.length < MAX_VALUES)
      values.add (number);
  }

  public string describe () {
    switch (kind) {
    case "ms":
    case "h":
      return describe_values ();
    case "s":
      return members.length.to_string ();
    default:
      return "%.15g".printf (sum);
    }
  }

  string describe_values () {
    double total = 0;

    values.sort ((a, b) => { return a < b ? -1 : (a > b ? 1 : 0); });
    foreach (unowned double? number in values)
      total += number;
    return "count %d, mean %.15g, median %.15g, 90 %% up to %.15g, max %.15g".printf (
      values.length, total / values.length, percentile (50), percentile (90), percentile (100));
  }

  /* Returns the smallest value that is not exceeded by @share percent of the values. */
  double percentile (int share) {
    return values[(values.length * share + 99) / 100 - 1];
  }
}

class StatsD : Gudpx.DatagramProtocol {
  HashTable<string, Metric> metrics = new HashTable<string, Metric> (str_hash, str_equal);
  uint n_bad = 0;

  public override void datagram_received (Gudpx.Datagram datagram) {
    /* A zero byte follows the payload, so the payload is a string, but maybe not valid UTF-8. */
    unowned string text = (string) datagram.get_payload ();

    /* A datagram may contain several lines. */
    foreach (unowned string line in text.make_valid ().split ("\n")) {
      try {
        if (line.strip () != "")
          take_line (line.strip ());
      } catch (LineError error) {
        if (n_bad++ == 0)
          stderr.printf ("%s\n", error.message);
      }
    }
  }

  /* Parses name:value|kind or name:value|kind|@rate. The rate is the share of reported events. */
  void take_line (string line) throws LineError {
    var colon = line.last_index_of_char (':');
    var fields = line.substring (colon + 1).split ("|");
    double rate = 1;

    if (colon < 1 || fields.length < 2 || !(fields[1] in KINDS))
      throw new LineError.INVALID ("\"%s\" is not \"name:value|kind\"", line.escape ());
    if (fields.length > 2 && fields[2].has_prefix ("@") &&
        (!double.try_parse (fields[2].substring (1), out rate) || !(rate > 0 && rate <= 1)))
      throw new LineError.INVALID ("\"%s\" is not a rate from 0 to 1", fields[2].escape ());

    find (fields[1], line.substring (0, colon)).take (fields[0], rate);
  }

  Metric find (string kind, string name) throws LineError {
    var key = @"$name $kind";
    var metric = metrics[key];

    if (metric == null) {
      if (metrics.length >= MAX_NAMES)
        throw new LineError.INVALID ("Too many names");
      metric = new Metric (kind);
      metrics[key] = metric;
    }
    return metric;
  }

  public void flush () {
    var keys = metrics.get_keys ();

    keys.sort (strcmp);
    foreach (unowned string key in keys)
      stdout.printf ("%s: %s\n", key.escape (), metrics[key].describe ());
    if (n_bad > 0)
      stdout.printf ("%u bad lines\n", n_bad);
    stdout.printf ("flushed\n");
    stdout.flush ();

    metrics.foreach_remove ((_, metric) => { return metric.kind != "g"; });
    n_bad = 0;
  }
}

const string[] KINDS = { "c", "g", "ms", "h", "s" };

string address;
int port;
int interval;

const OptionEntry[] ENTRIES = {
  { "address", 'a', 0, OptionArg.STRING, ref address, "Address to listen on", "ADDRESS" },
  { "port", 'p', 0, OptionArg.INT, ref port, "Port; 0 takes a free one", "PORT" },
  { "interval", 'i', 0, OptionArg.INT, ref interval, "Time between reports", "SECONDS" },
  { null }
};

void run (string[] args) throws Error {
  var context = new OptionContext ("— collect metrics of programs");
  context.add_main_entries (ENTRIES, null);
  context.parse (ref args);
  if (args.length != 1)
    throw new OptionError.FAILED ("Unexpected argument, see --help");
  if (port < 0 || port > uint16.MAX || interval < 1)
    throw new OptionError.BAD_VALUE ("Invalid port or interval, see --help");

  var loop = new MainLoop ();
  var statsd = new StatsD ();
  var listener = Gudpx.listen_udp ((uint16) port, statsd, address);
  stdout.printf ("listening on %s\n", listener.local_address.to_string ());
  stdout.flush ();

  Timeout.add_seconds (interval, () => {
    statsd.flush ();
    return Source.CONTINUE;
  });
  foreach (int number in new int[] { ProcessSignal.INT, ProcessSignal.TERM }) {
    Unix.signal_add (number, () => {
      loop.quit ();
      return Source.REMOVE;
    });
  }
  loop.run ();
  statsd.flush ();
}

int main (string[] args) {
  address = "127.0.0.1";
  port = 8125;
  interval = 10;
  Intl.setlocale ();

  try {
    run (args);
  } catch (Error error) {
    stderr.printf ("%s\n", error.message);
    return 1;
  }

  return 0;
}
