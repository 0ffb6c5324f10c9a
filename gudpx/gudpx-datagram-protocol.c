/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-datagram-private.h"
#include "gudpx-datagram-protocol-private.h"

/**
 * GudpxDatagramProtocol:
 *
 * What an application does with datagrams: Twisted's `DatagramProtocol`.
 *
 * Derive a class from it and override the virtual functions, or use it as it is and connect to the
 * signals of the same names. Both may be mixed: connected handlers run first. Then hand it to
 * [func@Gudpx.listen_udp] or one of its sisters, and the main loop calls it.
 *
 * One protocol may serve several ports, one for IPv4 and one for IPv6, say:
 * [signal@Gudpx.DatagramProtocol::started] is emitted when the first of them has started,
 * [signal@Gudpx.DatagramProtocol::stopped] when the last has stopped, and
 * [method@Gudpx.Datagram.get_transport] tells which one a datagram came through. After it stopped
 * it may be used again.
 *
 * All calls come in the thread that iterates the main context of the port. A handler that fails, by
 * an exception in Python or JavaScript, loses its datagram and nothing else.
 *
 * ```c
 * #define ECHO_TYPE_PROTOCOL (echo_protocol_get_type ())
 * G_DECLARE_FINAL_TYPE (EchoProtocol, echo_protocol, ECHO, PROTOCOL, GudpxDatagramProtocol)
 *
 * struct _EchoProtocol
 * {
 *   GudpxDatagramProtocol parent_instance;
 * };
 *
 * G_DEFINE_FINAL_TYPE (EchoProtocol, echo_protocol, GUDPX_TYPE_DATAGRAM_PROTOCOL)
 *
 * static void
 * echo_protocol_datagram_received (GudpxDatagramProtocol *protocol, GudpxDatagram *datagram)
 * {
 *   gsize size;
 *   const guint8 *payload = gudpx_datagram_get_payload (datagram, &size);
 *
 *   gudpx_datagram_reply (datagram, payload, size, NULL);
 * }
 *
 * static void
 * echo_protocol_class_init (EchoProtocolClass *klass)
 * {
 *   GUDPX_DATAGRAM_PROTOCOL_CLASS (klass)->datagram_received = echo_protocol_datagram_received;
 * }
 *
 * static void
 * echo_protocol_init (EchoProtocol *self)
 * {
 * }
 * ```
 *
 * Since: 1.0
 */
typedef struct
{
  GPtrArray *ports;    /* in the order in which they were attached */
  gboolean is_started; /* “started” was emitted, and “stopped” not yet */
} GudpxDatagramProtocolPrivate;

G_DEFINE_TYPE_WITH_PRIVATE (GudpxDatagramProtocol, gudpx_datagram_protocol, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_TRANSPORT,
  N_PROPS,
};

enum
{
  STARTED,
  STOPPED,
  DATAGRAM_RECEIVED,
  CONNECTION_REFUSED,
  ERROR_RECEIVED,
  WRITABLE,
  N_SIGNALS,
};

static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

static GudpxDatagramProtocolPrivate *
get_private (GudpxDatagramProtocol *self)
{
  return gudpx_datagram_protocol_get_instance_private (self);
}

static void
gudpx_datagram_protocol_finalize (GObject *object)
{
  g_ptr_array_unref (get_private (GUDPX_DATAGRAM_PROTOCOL (object))->ports);

  G_OBJECT_CLASS (gudpx_datagram_protocol_parent_class)->finalize (object);
}

static void
gudpx_datagram_protocol_get_property (GObject *object,
                                      guint property_id,
                                      GValue *value,
                                      GParamSpec *pspec)
{
  GudpxDatagramProtocol *self = GUDPX_DATAGRAM_PROTOCOL (object);

  switch (property_id)
    {
    case PROP_TRANSPORT:
      g_value_set_object (value, gudpx_datagram_protocol_get_transport (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/* Returns the number of datagrams from @first on that came through the same port. */
static guint
count_alike (GPtrArray *datagrams, guint first)
{
  GudpxPort *port = gudpx_datagram_get_transport (datagrams->pdata[first]);
  guint n = 1;

  while (first + n < datagrams->len &&
         gudpx_datagram_get_transport (datagrams->pdata[first + n]) == port)
    n++;
  return n;
}

/* Has the batch delivered one by one. The port does that: a handler may stop, pause or dispatch the
 * port in the middle. Datagrams of a port that is gone are emitted here. */
static void
gudpx_datagram_protocol_real_datagrams_received (GudpxDatagramProtocol *self, GPtrArray *datagrams)
{
  guint n;

  for (guint i = 0; i < datagrams->len; i += n)
    {
      GudpxDatagram *datagram = datagrams->pdata[i];
      GudpxPort *port = gudpx_datagram_get_transport (datagram);

      n = port != NULL ? count_alike (datagrams, i) : 1;
      if (port != NULL)
        gudpx_port_handle_deliver (gudpx_datagram_get_handle (datagram),
                                   (GudpxDatagram **) &datagrams->pdata[i], n);
      else
        gudpx_datagram_protocol_emit_datagram_received (
            self, datagram, gudpx_datagram_protocol_has_handlers (self));
    }
}

/* Do nothing. Overriding functions may call their parent class. */
static void
gudpx_datagram_protocol_real_changed (GudpxDatagramProtocol *self)
{
}

static void
gudpx_datagram_protocol_real_port_changed (GudpxDatagramProtocol *self, GudpxPort *port)
{
}

static void
gudpx_datagram_protocol_real_datagram_received (GudpxDatagramProtocol *self,
                                                GudpxDatagram *datagram)
{
}

static void
gudpx_datagram_protocol_real_packed_received (GudpxDatagramProtocol *self,
                                              GudpxPort *port,
                                              const guint8 *payloads,
                                              gsize payloads_size,
                                              const guint8 *index,
                                              gsize index_size,
                                              guint *n_taken)
{
  *n_taken = 0;
}

static void
gudpx_datagram_protocol_real_error_received (GudpxDatagramProtocol *self,
                                             GudpxPort *port,
                                             const GError *error,
                                             GSocketAddress *destination)
{
}

static void
gudpx_datagram_protocol_class_init (GudpxDatagramProtocolClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GType type = G_TYPE_FROM_CLASS (klass);

  object_class->finalize = gudpx_datagram_protocol_finalize;
  object_class->get_property = gudpx_datagram_protocol_get_property;

  klass->started = gudpx_datagram_protocol_real_changed;
  klass->stopped = gudpx_datagram_protocol_real_changed;
  klass->datagram_received = gudpx_datagram_protocol_real_datagram_received;
  klass->datagrams_received = gudpx_datagram_protocol_real_datagrams_received;
  klass->packed_received = gudpx_datagram_protocol_real_packed_received;
  klass->connection_refused = gudpx_datagram_protocol_real_port_changed;
  klass->error_received = gudpx_datagram_protocol_real_error_received;
  klass->writable = gudpx_datagram_protocol_real_port_changed;

  /**
   * GudpxDatagramProtocol:transport: (getter get_transport)
   *
   * The port that was attached last and still is; %NULL while there is none.
   *
   * Since: 1.0
   */
  properties[PROP_TRANSPORT] = g_param_spec_object (
      "transport", NULL, NULL, GUDPX_TYPE_PORT,
      G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  /**
   * GudpxDatagramProtocol::started:
   * @self: the protocol
   *
   * The first port of the protocol has started: [property@Gudpx.DatagramProtocol:transport] is set,
   * and the port can be written to.
   *
   * Since: 1.0
   */
  signals[STARTED] = g_signal_new (
      "started", type, G_SIGNAL_RUN_LAST, G_STRUCT_OFFSET (GudpxDatagramProtocolClass, started),
      NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * GudpxDatagramProtocol::stopped:
   * @self: the protocol
   *
   * The last port of the protocol has stopped: its socket is closed, and
   * [property@Gudpx.DatagramProtocol:transport] is %NULL. The port may be started again, here too.
   *
   * Since: 1.0
   */
  signals[STOPPED] = g_signal_new (
      "stopped", type, G_SIGNAL_RUN_LAST, G_STRUCT_OFFSET (GudpxDatagramProtocolClass, stopped),
      NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * GudpxDatagramProtocol::datagram-received:
   * @self: the protocol
   * @datagram: the datagram, which may be kept
   *
   * A datagram arrived. An empty one is a datagram too.
   *
   * What a handler writes leaves when the batch that is being delivered ends, at once without
   * [property@Gudpx.Port:coalesce-writes]. After it has stopped the port no more datagrams come,
   * not even those of the same batch; after it has paused it with [property@Gudpx.Port:reading]
   * they come when it reads again.
   *
   * The port emits it. To try a handler without a port call it, or the virtual function: who emits
   * the signal may reach connected handlers alone.
   *
   * Since: 1.0
   */
  /* give_class_handler() adds the class handler to each type that needs one. */
  signals[DATAGRAM_RECEIVED] =
      g_signal_new ("datagram-received", type, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                    1, GUDPX_TYPE_DATAGRAM);

  /**
   * GudpxDatagramProtocol::connection-refused:
   * @self: the protocol
   * @port: the connected port
   *
   * Nobody listens at the peer of a connected port: its machine answered a datagram with an ICMP
   * port unreachable (RFC 1122, 4.1.3.1). Or nobody has bound the path of its UNIX peer any more.
   * The port stays as it is, and may be written to again.
   *
   * Since: 1.0
   */
  signals[CONNECTION_REFUSED] =
      g_signal_new ("connection-refused", type, G_SIGNAL_RUN_LAST,
                    G_STRUCT_OFFSET (GudpxDatagramProtocolClass, connection_refused), NULL, NULL,
                    NULL, G_TYPE_NONE, 1, GUDPX_TYPE_PORT);

  /**
   * GudpxDatagramProtocol::error-received:
   * @self: the protocol
   * @port: the port
   * @error: what went wrong, in the domain %G_IO_ERROR
   * @destination: (nullable): the address that it concerns; %NULL if it is not known
   *
   * An error came on its own: the network said something of a datagram sent earlier, the kernel
   * refused a queued one, or receiving failed. The port stays as it is, and a receive that failed
   * is tried again. [method@Gudpx.Port.dup_error_details] tells more.
   *
   * Of datagrams that have left, a port without a peer is told only with
   * [property@Gudpx.Port:report-errors]. Where the library was built with GSocket's own calls, the
   * network's word that a host or network cannot be reached does not come.
   *
   * Since: 1.0
   */
  signals[ERROR_RECEIVED] =
      g_signal_new ("error-received", type, G_SIGNAL_RUN_LAST,
                    G_STRUCT_OFFSET (GudpxDatagramProtocolClass, error_received), NULL, NULL, NULL,
                    G_TYPE_NONE, 3, GUDPX_TYPE_PORT, G_TYPE_ERROR, G_TYPE_SOCKET_ADDRESS);

  /**
   * GudpxDatagramProtocol::writable:
   * @self: the protocol
   * @port: the port
   *
   * The send queue of @port has room again: it was over half of
   * [property@Gudpx.Port:send-queue-limit], or a datagram found no room in it, and now it is not
   * over a quarter. Once for each time that it was too full. A UNIX destination that does not read
   * has a part of the queue: when a write found no room there, the signal comes when that part is
   * half empty.
   *
   * Since: 1.0
   */
  signals[WRITABLE] = g_signal_new (
      "writable", type, G_SIGNAL_RUN_LAST, G_STRUCT_OFFSET (GudpxDatagramProtocolClass, writable),
      NULL, NULL, NULL, G_TYPE_NONE, 1, GUDPX_TYPE_PORT);
}

static void
gudpx_datagram_protocol_init (GudpxDatagramProtocol *self)
{
  get_private (self)->ports = g_ptr_array_new_with_free_func (g_object_unref);
}

/**
 * GudpxDatagramProtocolClass::datagrams_received:
 * @self: the protocol
 * @datagrams: (element-type GudpxDatagram): the datagrams, in the order of their arrival; each may
 *   be kept
 *
 * A batch of datagrams arrived. By default
 * [vfunc@Gudpx.DatagramProtocol.datagram_received] is called and
 * [signal@Gudpx.DatagramProtocol::datagram-received] emitted for each; override it to take a whole
 * batch in one call. What is overridden here has taken the whole batch, also if it stops or pauses
 * the port in its midst.
 *
 * Since: 1.0
 */

/**
 * GudpxDatagramProtocolClass::packed_received:
 * @self: the protocol
 * @port: the port that they came through
 * @payloads: (array length=payloads_size) (element-type guint8): the payloads, joined
 * @payloads_size: the size of all of them
 * @index: (array length=index_size) (element-type guint8): for each datagram its size and the
 *   number of its sender, two 32-bit numbers in the byte order of the machine
 * @index_size: the size of the index in bytes, 8 for each datagram
 * @n_taken: (out): how many datagrams were taken, from the first on; 0 unless it is set
 *
 * A batch of datagrams arrived, in a form that crosses into another language in one call; it is
 * there for language bindings. [method@Gudpx.Port.get_peer] has the address behind a sender's
 * number, 0 being a sender without a name, and [method@Gudpx.Port.write_packed] is the way back.
 *
 * By default it takes nothing, and is not called. Where it is overridden it is called instead of
 * [vfunc@Gudpx.DatagramProtocol.datagrams_received] and
 * [vfunc@Gudpx.DatagramProtocol.datagram_received], unless a handler is connected to
 * [signal@Gudpx.DatagramProtocol::datagram-received].
 *
 * What was not taken is offered again, in order: at once if some were taken, and else after some
 * milliseconds, for then it could not be called, as by a gjs before 1.82 that is collecting
 * garbage; it is made to finish with that. After it has stopped or paused @port the implementation
 * must take no more. A stopped port drops the rest; a paused one offers it when it reads again; one
 * that was connected, what is of its peer.
 *
 * It is called without datagrams, @index_size being 0, when what was called by an earlier call runs
 * a main loop: the rest of that call's datagrams should be delivered from here, so that they need
 * not wait, and before the datagrams of later calls.
 *
 * Since: 1.0
 */

/**
 * GudpxDatagramProtocolClass::started:
 * @self: the protocol
 *
 * See [signal@Gudpx.DatagramProtocol::started].
 *
 * Since: 1.0
 */

/**
 * GudpxDatagramProtocolClass::stopped:
 * @self: the protocol
 *
 * See [signal@Gudpx.DatagramProtocol::stopped].
 *
 * Since: 1.0
 */

/**
 * GudpxDatagramProtocolClass::datagram_received:
 * @self: the protocol
 * @datagram: the datagram, which may be kept
 *
 * See [signal@Gudpx.DatagramProtocol::datagram-received].
 *
 * Since: 1.0
 */

/**
 * GudpxDatagramProtocolClass::connection_refused:
 * @self: the protocol
 * @port: the connected port
 *
 * See [signal@Gudpx.DatagramProtocol::connection-refused].
 *
 * Since: 1.0
 */

/**
 * GudpxDatagramProtocolClass::writable:
 * @self: the protocol
 * @port: the port
 *
 * See [signal@Gudpx.DatagramProtocol::writable].
 *
 * Since: 1.0
 */

/**
 * GudpxDatagramProtocolClass::error_received:
 * @self: the protocol
 * @port: the port
 * @error: what went wrong, in the domain %G_IO_ERROR
 * @destination: (nullable): the address that it concerns; %NULL if it is not known
 *
 * See [signal@Gudpx.DatagramProtocol::error-received].
 *
 * Since: 1.0
 */

/**
 * gudpx_datagram_protocol_new:
 *
 * A protocol to connect signals to.
 *
 * Returns: (transfer full): a new protocol
 *
 * Since: 1.0
 */
GudpxDatagramProtocol *
gudpx_datagram_protocol_new (void)
{
  return g_object_new (GUDPX_TYPE_DATAGRAM_PROTOCOL, NULL);
}

/**
 * gudpx_datagram_protocol_get_transport: (get-property transport)
 * @self: a protocol
 *
 * The port that was attached last and still is.
 *
 * Returns: (transfer none) (nullable): the port; %NULL while there is none
 *
 * Since: 1.0
 */
GudpxPort *
gudpx_datagram_protocol_get_transport (GudpxDatagramProtocol *self)
{
  GPtrArray *ports;

  g_return_val_if_fail (GUDPX_IS_DATAGRAM_PROTOCOL (self), NULL);

  ports = get_private (self)->ports;
  return ports->len > 0 ? ports->pdata[ports->len - 1] : NULL;
}

void
gudpx_datagram_protocol_attach (GudpxDatagramProtocol *self, GudpxPort *port)
{
  GudpxDatagramProtocolPrivate *private = get_private (self);

  g_ptr_array_add (private->ports, g_object_ref (port));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TRANSPORT]);

  /* A handler of the notification may have stopped this port, or started another one. */
  if (private->ports->len == 0 || private->is_started)
    return;
  private->is_started = TRUE;
  g_signal_emit (self, signals[STARTED], 0);
}

/* @emit is FALSE if no application code may run any more. */
void
gudpx_datagram_protocol_detach (GudpxDatagramProtocol *self, GudpxPort *port, gboolean emit)
{
  GudpxDatagramProtocolPrivate *private = get_private (self);
  GudpxPort *transport = gudpx_datagram_protocol_get_transport (self);

  if (!g_ptr_array_remove (private->ports, port))
    return;
  if (!emit)
    {
      private->is_started = private->is_started && private->ports->len > 0;
      return;
    }
  if (transport == port)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TRANSPORT]);

  if (private->ports->len > 0 || !private->is_started)
    return;
  private->is_started = FALSE;
  g_signal_emit (self, signals[STOPPED], 0);
}

/* Returns TRUE if the class overrides datagrams_received. */
gboolean
gudpx_datagram_protocol_takes_batches (GudpxDatagramProtocol *self)
{
  return GUDPX_DATAGRAM_PROTOCOL_GET_CLASS (self)->datagrams_received !=
         gudpx_datagram_protocol_real_datagrams_received;
}

void
gudpx_datagram_protocol_receive_batch (GudpxDatagramProtocol *self, GPtrArray *datagrams)
{
  GUDPX_DATAGRAM_PROTOCOL_GET_CLASS (self)->datagrams_received (self, datagrams);
}

/* Takes a lock. Class handlers do not count. */
static gboolean
has_connected_handlers (GudpxDatagramProtocol *self)
{
  return g_signal_handler_find (self, G_SIGNAL_MATCH_ID, signals[DATAGRAM_RECEIVED], 0, NULL, NULL,
                                NULL) != 0;
}

/* Returns TRUE if the class overrides packed_received, and no connected handler needs datagrams as
 * objects. */
gboolean
gudpx_datagram_protocol_takes_packed (GudpxDatagramProtocol *self)
{
  return GUDPX_DATAGRAM_PROTOCOL_GET_CLASS (self)->packed_received !=
             gudpx_datagram_protocol_real_packed_received &&
         !has_connected_handlers (self);
}

guint
gudpx_datagram_protocol_receive_packed (GudpxDatagramProtocol *self,
                                        GudpxPort *port,
                                        const guint8 *payloads,
                                        gsize payloads_size,
                                        const guint8 *index,
                                        gsize index_size)
{
  /* The count is not a return value, because gjs leaves that undefined when it blocks a call. */
  guint n_taken = 0;

  GUDPX_DATAGRAM_PROTOCOL_GET_CLASS (self)
      ->packed_received (self, port, payloads, payloads_size, index, index_size, &n_taken);
  return n_taken;
}

static gboolean
overrides_datagram_received (GudpxDatagramProtocol *self)
{
  return GUDPX_DATAGRAM_PROTOCOL_GET_CLASS (self)->datagram_received !=
         gudpx_datagram_protocol_real_datagram_received;
}

/* Returns TRUE if the signal has to be emitted. A protocol without an overridden virtual function
 * can only have handlers, so the lookup, which takes a lock, is skipped. */
gboolean
gudpx_datagram_protocol_has_handlers (GudpxDatagramProtocol *self)
{
  return !overrides_datagram_received (self) || has_connected_handlers (self);
}

/* Makes the virtual function the class handler of the signal, for types that override the function.
 * A class handler for all types would double the cost of calling a single connected handler. */
static void
give_class_handler (GType type)
{
  static GMutex mutex;
  static GHashTable *types;

  g_mutex_lock (&mutex);
  if (types == NULL)
    types = g_hash_table_new (NULL, NULL);
  if (g_hash_table_add (types, GSIZE_TO_POINTER (type)))
    g_signal_override_class_closure (
        signals[DATAGRAM_RECEIVED], type,
        g_signal_type_cclosure_new (type, G_STRUCT_OFFSET (GudpxDatagramProtocolClass,
                                                           datagram_received)));
  g_mutex_unlock (&mutex);
}

void
gudpx_datagram_protocol_emit_datagram_received (GudpxDatagramProtocol *self,
                                                GudpxDatagram *datagram,
                                                gboolean has_handlers)
{
  const gboolean is_overridden = overrides_datagram_received (self);

  if (has_handlers && is_overridden)
    give_class_handler (G_OBJECT_TYPE (self));
  if (has_handlers)
    g_signal_emit (self, signals[DATAGRAM_RECEIVED], 0, datagram);
  else if (is_overridden)
    GUDPX_DATAGRAM_PROTOCOL_GET_CLASS (self)->datagram_received (self, datagram);
}

void
gudpx_datagram_protocol_emit_connection_refused (GudpxDatagramProtocol *self, GudpxPort *port)
{
  g_signal_emit (self, signals[CONNECTION_REFUSED], 0, port);
}

void
gudpx_datagram_protocol_emit_error_received (GudpxDatagramProtocol *self,
                                             GudpxPort *port,
                                             const GError *error,
                                             GSocketAddress *destination)
{
  g_signal_emit (self, signals[ERROR_RECEIVED], 0, port, error, destination);
}

void
gudpx_datagram_protocol_emit_writable (GudpxDatagramProtocol *self, GudpxPort *port)
{
  g_signal_emit (self, signals[WRITABLE], 0, port);
}
