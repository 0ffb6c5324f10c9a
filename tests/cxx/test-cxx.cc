/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests the library from C++: a protocol with C++ objects as its state, and lambdas as handlers. */

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <gudpx/gudpx.h>

/* G_IO_ERROR_DESTINATION_UNSET, which has a name since GLib 2.80. */
static const int destination_unset = 48;

/* Events of a recorder. They live as long as the recorder. */
struct Events
{
  int started = 0;
  int stopped = 0;
  int refused = 0;
  bool stop_when_received = false;
  std::vector<std::string> received;
  std::vector<GudpxPort *> ports;
};

G_BEGIN_DECLS

#define TEST_TYPE_RECORDER (test_recorder_get_type ())
G_DECLARE_FINAL_TYPE (TestRecorder, test_recorder, TEST, RECORDER, GudpxDatagramProtocol)

struct _TestRecorder
{
  GudpxDatagramProtocol parent_instance;

  Events *events;
};

G_DEFINE_TYPE (TestRecorder, test_recorder, GUDPX_TYPE_DATAGRAM_PROTOCOL)

G_END_DECLS

static std::string
payload_of (GudpxDatagram *datagram)
{
  gsize size = 0;
  const guint8 *payload = gudpx_datagram_get_payload (datagram, &size);

  return std::string (reinterpret_cast<const char *> (payload), size);
}

static const guint8 *
bytes_of (const std::string &text)
{
  return reinterpret_cast<const guint8 *> (text.data ());
}

static void
test_recorder_started (GudpxDatagramProtocol *protocol)
{
  TEST_RECORDER (protocol)->events->started++;
}

static void
test_recorder_stopped (GudpxDatagramProtocol *protocol)
{
  TEST_RECORDER (protocol)->events->stopped++;
}

static void
test_recorder_datagram_received (GudpxDatagramProtocol *protocol,
                                 GudpxDatagram         *datagram)
{
  Events *events = TEST_RECORDER (protocol)->events;

  events->received.push_back (payload_of (datagram));
  events->ports.push_back (gudpx_datagram_get_transport (datagram));
  if (events->stop_when_received)
    gudpx_port_stop_listening (gudpx_datagram_get_transport (datagram));
}

static void
test_recorder_connection_refused (GudpxDatagramProtocol *protocol,
                                  GudpxPort             *port)
{
  TEST_RECORDER (protocol)->events->refused++;
  TEST_RECORDER (protocol)->events->ports.push_back (port);
}

static void
test_recorder_finalize (GObject *object)
{
  delete TEST_RECORDER (object)->events;

  G_OBJECT_CLASS (test_recorder_parent_class)->finalize (object);
}

static void
test_recorder_class_init (TestRecorderClass *klass)
{
  GudpxDatagramProtocolClass *protocol_class = GUDPX_DATAGRAM_PROTOCOL_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = test_recorder_finalize;
  protocol_class->started = test_recorder_started;
  protocol_class->stopped = test_recorder_stopped;
  protocol_class->datagram_received = test_recorder_datagram_received;
  protocol_class->connection_refused = test_recorder_connection_refused;
}

static void
test_recorder_init (TestRecorder *self)
{
  self->events = new Events;
}

struct Unref
{
  void
  operator() (gpointer object) const
  {
    g_object_unref (object);
  }
};

template <typename T> using Owned = std::unique_ptr<T, Unref>;

/* Runs the default main context until @done returns true, for at most two minutes. */
template <typename Predicate>
static bool
run_until (Predicate done)
{
  bool timed_out = false;
  guint timeout = g_timeout_add_seconds (
    120,
    [] (gpointer flag) -> gboolean {
      *static_cast<bool *> (flag) = true;
      return G_SOURCE_REMOVE;
    },
    &timed_out);

  while (!done () && !timed_out)
    g_main_context_iteration (nullptr, TRUE);
  if (!timed_out)
    g_source_remove (timeout);

  return done ();
}

static GInetSocketAddress *
local_address (GudpxPort *port)
{
  return G_INET_SOCKET_ADDRESS (gudpx_port_get_local_address (port));
}

/* A recorder and its port on 127.0.0.1, stopped at the end. */
class Endpoint
{
public:
  explicit Endpoint (guint16 number = 0)
    : recorder (static_cast<TestRecorder *> (g_object_new (TEST_TYPE_RECORDER, nullptr)))
  {
    g_autoptr (GError) error = nullptr;

    port.reset (gudpx_listen_udp (number, GUDPX_DATAGRAM_PROTOCOL (recorder.get ()), "127.0.0.1",
                                  &error));
    EXPECT_EQ (error, nullptr) << error->message;
  }

  ~Endpoint ()
  {
    if (port)
      gudpx_port_stop_listening (port.get ());
  }

  Events &
  events ()
  {
    return *recorder->events;
  }

  guint16
  number ()
  {
    return g_inet_socket_address_get_port (local_address (port.get ()));
  }

  bool
  write_to (Endpoint           &other,
            const std::string  &text,
            GError            **error = nullptr)
  {
    return gudpx_port_write_to (port.get (), bytes_of (text), text.size (),
                                G_SOCKET_ADDRESS (local_address (other.port.get ())), error);
  }

  Owned<TestRecorder> recorder;
  Owned<GudpxPort> port;
};

/* Returns a free port number of 127.0.0.1. */
static guint16
closed_port ()
{
  return Endpoint ().number ();
}

TEST (Version, MacrosAgree)
{
  EXPECT_TRUE (GUDPX_CHECK_VERSION (GUDPX_MAJOR_VERSION, GUDPX_MINOR_VERSION, GUDPX_MICRO_VERSION));
  EXPECT_TRUE (GUDPX_CHECK_VERSION (1, 0, 0));
  EXPECT_FALSE (GUDPX_CHECK_VERSION (GUDPX_MAJOR_VERSION, GUDPX_MINOR_VERSION,
                                     GUDPX_MICRO_VERSION + 1));
  EXPECT_FALSE (GUDPX_CHECK_VERSION (GUDPX_MAJOR_VERSION + 1, 0, 0));
}

TEST (Listen, StartsProtocolAtOnce)
{
  Endpoint endpoint;

  ASSERT_NE (endpoint.port, nullptr);
  EXPECT_TRUE (gudpx_port_get_listening (endpoint.port.get ()));
  EXPECT_NE (endpoint.number (), 0);
  EXPECT_EQ (endpoint.events ().started, 1);
  EXPECT_EQ (endpoint.events ().stopped, 0);
  EXPECT_EQ (
    gudpx_datagram_protocol_get_transport (GUDPX_DATAGRAM_PROTOCOL (endpoint.recorder.get ())),
    endpoint.port.get ());
}

TEST (Listen, FailsOnAddressInUse)
{
  Endpoint endpoint;
  Owned<GudpxDatagramProtocol> protocol (gudpx_datagram_protocol_new ());
  g_autoptr (GError) error = nullptr;

  EXPECT_EQ (gudpx_listen_udp (endpoint.number (), protocol.get (), "127.0.0.1", &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE));
}

TEST (Listen, FailsOnHostName)
{
  Owned<GudpxDatagramProtocol> protocol (gudpx_datagram_protocol_new ());
  g_autoptr (GError) error = nullptr;

  EXPECT_EQ (gudpx_listen_udp (0, protocol.get (), "localhost", &error), nullptr);
  EXPECT_TRUE (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT));
}

TEST (Receive, CallsVirtualFunction)
{
  Endpoint sender, receiver;
  const std::string with_zero ("a\0b", 3);

  ASSERT_TRUE (sender.write_to (receiver, "hello"));
  ASSERT_TRUE (sender.write_to (receiver, ""));
  ASSERT_TRUE (sender.write_to (receiver, with_zero));
  ASSERT_TRUE (run_until ([&] { return receiver.events ().received.size () == 3; }));

  EXPECT_EQ (receiver.events ().received, (std::vector<std::string>{ "hello", "", with_zero }));
  EXPECT_EQ (receiver.events ().ports[0], receiver.port.get ());
  EXPECT_TRUE (sender.events ().received.empty ());
}

TEST (Receive, EmitsSignalToLambda)
{
  Endpoint sender;
  Owned<GudpxDatagramProtocol> protocol (gudpx_datagram_protocol_new ());
  Owned<GudpxPort> port (gudpx_listen_udp (0, protocol.get (), "127.0.0.1", nullptr));
  Owned<GudpxDatagram> kept;

  ASSERT_NE (port, nullptr);
  auto keep = +[] (GudpxDatagramProtocol *, GudpxDatagram *datagram, gpointer user_data) {
    static_cast<Owned<GudpxDatagram> *> (user_data)->reset (
      static_cast<GudpxDatagram *> (g_object_ref (datagram)));
  };
  g_signal_connect (protocol.get (), "datagram-received", G_CALLBACK (keep), &kept);
  const guint16 number = g_inet_socket_address_get_port (local_address (port.get ()));
  ASSERT_TRUE (gudpx_port_write_to_host (sender.port.get (), bytes_of ("kept"), 4, "127.0.0.1",
                                         number, nullptr));
  ASSERT_TRUE (run_until ([&] { return kept != nullptr; }));
  gudpx_port_stop_listening (port.get ());

  EXPECT_EQ (payload_of (kept.get ()), "kept");
  EXPECT_STREQ (reinterpret_cast<const char *> (gudpx_datagram_get_payload (kept.get (), nullptr)),
                "kept");
  std::unique_ptr<char, decltype (&g_free)> text (gudpx_datagram_dup_text (kept.get ()), g_free);
  EXPECT_STREQ (text.get (), "kept");
  EXPECT_TRUE (gudpx_address_equal (gudpx_datagram_get_sender (kept.get ()),
                                    G_SOCKET_ADDRESS (local_address (sender.port.get ()))));
  EXPECT_FALSE (gudpx_datagram_get_truncated (kept.get ()));
}

TEST (Receive, ReplyReachesSender)
{
  Endpoint sender;
  Owned<GudpxDatagramProtocol> echo (gudpx_datagram_protocol_new ());
  Owned<GudpxPort> port (gudpx_listen_udp (0, echo.get (), "127.0.0.1", nullptr));

  ASSERT_NE (port, nullptr);
  auto reply = +[] (GudpxDatagramProtocol *, GudpxDatagram *datagram, gpointer) {
    std::string text = "re: " + payload_of (datagram);
    EXPECT_TRUE (gudpx_datagram_reply (datagram, bytes_of (text), text.size (), nullptr));
  };
  g_signal_connect (echo.get (), "datagram-received", G_CALLBACK (reply), nullptr);
  ASSERT_TRUE (gudpx_port_write_to (sender.port.get (), bytes_of ("news"), 4,
                                    G_SOCKET_ADDRESS (local_address (port.get ())), nullptr));
  ASSERT_TRUE (run_until ([&] { return !sender.events ().received.empty (); }));
  gudpx_port_stop_listening (port.get ());

  EXPECT_EQ (sender.events ().received, std::vector<std::string>{ "re: news" });
}

TEST (Write, NamesWhatIsWrong)
{
  Endpoint endpoint;
  const std::string too_long (65508, 'x');
  struct
  {
    const char *host;
    std::string text;
    int code;
  } cases[] = {
    { nullptr, "x", destination_unset },
    { "localhost", "x", G_IO_ERROR_INVALID_ARGUMENT },
    { "::1", "x", G_IO_ERROR_INVALID_ARGUMENT },
    { "127.0.0.1", too_long, G_IO_ERROR_MESSAGE_TOO_LARGE },
  };

  for (const auto &c : cases)
    {
      g_autoptr (GError) error = nullptr;
      gboolean taken
        = c.host == nullptr
            ? gudpx_port_write (endpoint.port.get (), bytes_of (c.text), c.text.size (), &error)
            : gudpx_port_write_to_host (endpoint.port.get (), bytes_of (c.text), c.text.size (),
                                        c.host, 9, &error);

      EXPECT_FALSE (taken) << c.code;
      EXPECT_TRUE (g_error_matches (error, G_IO_ERROR, c.code))
        << (error != nullptr ? error->message : "no error");
    }
}

TEST (Connect, RefusalIsReportedAndLeavesPortUsable)
{
  Endpoint client;
  const guint16 nobody = closed_port ();

  ASSERT_TRUE (gudpx_port_connect_peer (client.port.get (), "127.0.0.1", nobody, nullptr));
  ASSERT_TRUE (gudpx_port_write (client.port.get (), bytes_of ("?"), 1, nullptr));
  ASSERT_TRUE (run_until ([&] { return client.events ().refused > 0; }));

  EXPECT_EQ (client.events ().ports[0], client.port.get ());
  EXPECT_TRUE (gudpx_port_get_listening (client.port.get ()));

  Endpoint server;
  ASSERT_TRUE (gudpx_port_connect_peer_address (
    client.port.get (), G_SOCKET_ADDRESS (local_address (server.port.get ())), nullptr));
  ASSERT_TRUE (gudpx_port_write (client.port.get (), bytes_of ("!"), 1, nullptr));
  EXPECT_TRUE (run_until ([&] { return server.events ().received.size () == 1; }));
}

TEST (Stop, TakesEffectAtOnce)
{
  Endpoint sender, receiver;

  receiver.events ().stop_when_received = true;
  ASSERT_TRUE (sender.write_to (receiver, "first"));
  ASSERT_TRUE (sender.write_to (receiver, "second"));
  ASSERT_TRUE (run_until ([&] { return receiver.events ().stopped == 1; }));

  EXPECT_EQ (receiver.events ().received, std::vector<std::string>{ "first" });
  EXPECT_FALSE (gudpx_port_get_listening (receiver.port.get ()));
  EXPECT_EQ (
    gudpx_datagram_protocol_get_transport (GUDPX_DATAGRAM_PROTOCOL (receiver.recorder.get ())),
    nullptr);

  g_autoptr (GError) error = nullptr;
  EXPECT_FALSE (receiver.write_to (sender, "late", &error));
  EXPECT_TRUE (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED));
}

TEST (Stop, CanBeStartedAgain)
{
  Endpoint sender, receiver;

  gudpx_port_stop_listening (receiver.port.get ());
  ASSERT_TRUE (gudpx_port_start_listening (receiver.port.get (), nullptr));
  EXPECT_EQ (receiver.events ().started, 2);
  EXPECT_EQ (receiver.events ().stopped, 1);

  ASSERT_TRUE (sender.write_to (receiver, "again"));
  EXPECT_TRUE (run_until ([&] { return receiver.events ().received.size () == 1; }));
}

TEST (Stop, AsyncSendsWhatIsQueuedAndAnswers)
{
  Endpoint sender, receiver;
  struct Answer
  {
    bool ok = false;
    bool came = false;
  } answer;

  ASSERT_TRUE (sender.write_to (receiver, "last words"));
  gudpx_port_stop_listening_async (
    sender.port.get (), nullptr,
    [] (GObject *source, GAsyncResult *result, gpointer user_data) {
      auto a = static_cast<Answer *> (user_data);
      a->ok = gudpx_port_stop_listening_finish (GUDPX_PORT (source), result, nullptr);
      a->came = true;
    },
    &answer);
  ASSERT_TRUE (run_until ([&] { return answer.came && !receiver.events ().received.empty (); }));

  EXPECT_TRUE (answer.ok);
  EXPECT_EQ (sender.events ().stopped, 1);
}

TEST (Resolve, LiteralNeedsNoResolver)
{
  Owned<GInetAddress> address;
  const auto callback = [] (GObject *, GAsyncResult *result, gpointer user_data) {
    static_cast<Owned<GInetAddress> *> (user_data)->reset (gudpx_resolve_finish (result, nullptr));
  };

  gudpx_resolve_async ("127.0.0.2", nullptr, callback, &address);
  EXPECT_EQ (address, nullptr) << "completed before the main loop ran";
  ASSERT_TRUE (run_until ([&] { return address != nullptr; }));

  g_autofree char *text = g_inet_address_to_string (address.get ());
  EXPECT_STREQ (text, "127.0.0.2");
}

int
main (int    argc,
      char **argv)
{
  testing::InitGoogleTest (&argc, argv);
  g_log_set_always_fatal (
    static_cast<GLogLevelFlags> (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING | G_LOG_FATAL_MASK));

  return RUN_ALL_TESTS ();
}
