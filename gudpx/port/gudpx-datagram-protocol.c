/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-datagram-private.h"
#include "gudpx-datagram-protocol-private.h"

/**
 * GudpxDatagramProtocol:
 *
 * Handles the datagrams of an application. It corresponds to Twisted's `DatagramProtocol`.
 *
 * Derive a class and override the virtual functions, or use a plain `GudpxDatagramProtocol` and
 * connect to the signals of the same names. You can combine both: connected handlers run first.
 * Pass the protocol to [func@Gudpx.listen_udp] or a similar function. The main loop then calls the
 * protocol.
 *
 * One protocol may serve several ports, for example one for IPv4 and one for IPv6.
 * [signal@Gudpx.DatagramProtocol::started] is emitted when the first port has started,
 * [signal@Gudpx.DatagramProtocol::stopped] when the last port has stopped.
 * [method@Gudpx.Datagram.get_transport] returns the port that received a datagram. A protocol can
 * be used again after it has stopped.
 *
 * All calls run in the thread that iterates the port's main context. If a handler raises an
 * exception in Python or JavaScript, only the datagram of that handler is lost.
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
   * The port that was attached last and is still attached; %NULL if there is none.
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
   * Emitted when the first port of the protocol has started.
   * [property@Gudpx.DatagramProtocol:transport] is set, and you can write to the port.
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
   * Emitted when the last port of the protocol has stopped. Its socket is closed, and
   * [property@Gudpx.DatagramProtocol:transport] is %NULL. A handler may start the port again.
   *
   * Since: 1.0
   */
  signals[STOPPED] = g_signal_new (
      "stopped", type, G_SIGNAL_RUN_LAST, G_STRUCT_OFFSET (GudpxDatagramProtocolClass, stopped),
      NULL, NULL, NULL, G_TYPE_NONE, 0);

  /**
   * GudpxDatagramProtocol::datagram-received:
   * @self: the protocol
   * @datagram: the datagram; take a reference to keep it
   *
   * Emitted when a datagram has arrived. An empty datagram is also delivered.
   *
   * Datagrams that a handler writes are sent after the current batch has been delivered, or
   * immediately if [property@Gudpx.Port:coalesce-writes] is %FALSE. If a handler stops the port,
   * the rest of the batch is not delivered. If a handler pauses the port with
   * [property@Gudpx.Port:reading], the rest is delivered when the port reads again.
   *
   * Only the port emits this signal. To test a handler without a port, call the handler or the
   * virtual function directly: emitting the signal may call only the connected handlers.
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
   * Emitted when the peer of a connected port refuses datagrams. The peer's machine answered a
   * datagram with an ICMP port unreachable message (RFC 1122, 4.1.3.1), or no socket is bound to
   * the path of the UNIX peer any more. The port stays open and connected, and you can write to it
   * again.
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
   * @error: the error, in the domain %G_IO_ERROR
   * @destination: (nullable): the address that the error concerns; %NULL if the address is not
   *   known
   *
   * Emitted when an asynchronous error has arrived: the network reported an error for a datagram
   * that was sent, the kernel rejected a queued datagram, or receiving failed. The port stays open,
   * and a failed receive is tried again. [method@Gudpx.Port.dup_error_details] returns more
   * details.
   *
   * A port without a peer gets errors of datagrams that were sent only if
   * [property@Gudpx.Port:report-errors] is %TRUE. If the library was built with the calls of
   * `GSocket`, the network's reports of unreachable hosts and networks do not arrive.
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
   * Emitted when the send queue of @port has room again. The queue was over half of
   * [property@Gudpx.Port:send-queue-limit], or had no room for a datagram. Now the queue is at most
   * a quarter full. The signal is emitted once each time that the queue was too full.
   *
   * A UNIX destination that does not read has its own share of the queue. If a write found no room
   * in this share, the signal is emitted when the share is half empty.
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
 * @datagrams: (element-type GudpxDatagram): the datagrams, in the order of their arrival; take a
 *   reference to keep one
 *
 * Called when a batch of datagrams has arrived.
 *
 * By default this function calls [vfunc@Gudpx.DatagramProtocol.datagram_received] and emits
 * [signal@Gudpx.DatagramProtocol::datagram-received] for each datagram. Override it to take a whole
 * batch in one call. An override takes the whole batch, even if it stops or pauses the port before
 * it has processed all datagrams.
 *
 * Since: 1.0
 */

/**
 * GudpxDatagramProtocolClass::packed_received:
 * @self: the protocol
 * @port: the port that received the datagrams
 * @payloads: (array length=payloads_size) (element-type guint8): the payloads, joined
 * @payloads_size: the size of all payloads, in bytes
 * @index: (array length=index_size) (element-type guint8): for each datagram its size and the
 *   number of its sender, two 32-bit numbers in the byte order of the machine
 * @index_size: the size of the index in bytes, 8 for each datagram
 * @n_taken: (out): the number of datagrams that were taken, counted from the first; 0 unless the
 *   function sets it
 *
 * Called when a batch of datagrams has arrived, in a form that reaches another language in one
 * call. This function is for language bindings. [method@Gudpx.Port.get_peer] returns the address
 * for the number of a sender; 0 is a sender without a name. [method@Gudpx.Port.write_packed] writes
 * datagrams in the same form.
 *
 * By default the function takes no datagrams and is not called. If a class overrides it, the port
 * calls it instead of [vfunc@Gudpx.DatagramProtocol.datagrams_received] and
 * [vfunc@Gudpx.DatagramProtocol.datagram_received], unless a handler is connected to
 * [signal@Gudpx.DatagramProtocol::datagram-received].
 *
 * Datagrams that were not taken are offered again, in order. If the function took some, the port
 * offers the rest immediately. If the function took none, the port waits some milliseconds: the
 * function then probably could not be called, for example because a gjs before 1.82 is collecting
 * garbage. The port makes gjs finish the collection.
 *
 * After the implementation has stopped or paused @port it must take no more datagrams. A stopped
 * port drops the rest. A paused port offers the rest when it reads again. A port that was connected
 * meanwhile offers only the datagrams of its peer.
 *
 * The function is called without datagrams, with an @index_size of 0, when a main loop runs inside
 * an earlier call of it. The implementation should then deliver the rest of the earlier call's
 * datagrams, so that they do not wait and stay ahead of the datagrams of later calls.
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
 * @datagram: the datagram; take a reference to keep it
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
 * @error: the error, in the domain %G_IO_ERROR
 * @destination: (nullable): the address that the error concerns; %NULL if the address is not known
 *
 * See [signal@Gudpx.DatagramProtocol::error-received].
 *
 * Since: 1.0
 */

/**
 * gudpx_datagram_protocol_new:
 *
 * Creates a protocol for programs that connect to signals instead of deriving a class.
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
 * Returns the port that was attached last and is still attached.
 *
 * Returns: (transfer none) (nullable): the port; %NULL if there is none
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
