/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Resolves a host name: prints one address, an IPv4 address if there is one, or all addresses. */

bool all;

const OptionEntry[] ENTRIES = {
  { "all", 'a', 0, OptionArg.NONE, ref all, "Print all addresses, IPv6 too", null },
  { null }
};

string parse (string[] args) throws OptionError {
  unowned string[] rest = args;
  var context = new OptionContext ("HOST — resolve a host name");
  context.add_main_entries (ENTRIES, null);
  context.parse (ref rest);
  if (rest.length != 2)
    throw new OptionError.FAILED ("See --help");
  return rest[1];
}

async void resolve (string host) throws Error {
  if (!all) {
    var address = yield Gudpx.resolve_async (host);
    stdout.printf ("%s\n", address.to_string ());
    return;
  }

  var ten_seconds = 10 * 1000;
  var addresses = yield Gudpx.resolve_all_async (host, SocketFamily.INVALID, ten_seconds);
  foreach (unowned var address in addresses)
    stdout.printf ("%s\n", address.to_string ());
}

async int main (string[] args) {
  Intl.setlocale ();

  try {
    yield resolve (parse (args));
  } catch (Error error) {
    stderr.printf ("%s\n", error.message);
    return 1;
  }
  return 0;
}
