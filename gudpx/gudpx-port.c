/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-memberships-private.h"
#include "gudpx-port-private.h"

/**
 * GudpxPort:
 *
 * One datagram socket on one main context: Twisted's `udp.Port`.
 *
 * [func@Gudpx.listen_udp] and its sisters make a port and start it in one call. Where more is to be
 * set beforehand, make one with [ctor@Gudpx.Port.new] or its properties, and start it with
 * [method@Gudpx.Port.start_listening].
 *
 * A port that is listening needs no reference: the main context that it was started on keeps it, and
 * its protocol, until it is stopped. It belongs to that context: calling it from a thread that does
 * not own the context, while another does, is a programming error. After it stopped it can be started
 * again, on the thread-default main context of then.
 *
 * A port has its protocol for good. Where the protocol, or a closure that is connected to it, holds
 * the port, let go of one of the two when it has stopped; [property@Gudpx.DatagramProtocol:transport]
 * does so by itself.
 *
 * ## Writing
 *
 * A write leaves at once, or, from a handler of the port, when the batch that is being delivered
 * ends: do not wait for an answer to it in the handler, but by a main loop. What the kernel does not
 * take now waits in the send queue, in order. A full queue is
 * %G_IO_ERROR_WOULD_BLOCK, and [signal@Gudpx.DatagramProtocol::writable] tells when there is room.
 * The payload belongs to the caller again as soon as the call returns.
 *
 * ## Errors
 *
 * No error closes a port. What the library knows is an error of the call; what only the kernel knows,
 * of a datagram that was queued or has left, comes by
 * [signal@Gudpx.DatagramProtocol::error-received] or
 * [signal@Gudpx.DatagramProtocol::connection-refused].
 *
 * ## Properties
 *
 * What the system may refuse has a setter with an error; g_object_set() and the other ways to set a
 * property can only warn. What was set is kept from one start to the next.
 *
 * ```c
 * static GudpxPort *
 * listen_with_options (GudpxDatagramProtocol *protocol, GError **error)
 * {
 *   g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("::", 9999);
 *   g_autoptr (GudpxPort) port = g_object_new (GUDPX_TYPE_PORT,
 *                                              "protocol", protocol,
 *                                              "local-address", address,
 *                                              "ipv6-only", TRUE,
 *                                              NULL);
 *
 *   if (!gudpx_port_set_metadata (port, GUDPX_METADATA_DESTINATION, error) ||
 *       !gudpx_port_start_listening (port, error))
 *     return NULL;
 *
 *   return g_steal_pointer (&port);
 * }
 * ```
 *
 * Since: 1.0
 */

G_DEFINE_FINAL_TYPE (GudpxPort, gudpx_port, G_TYPE_OBJECT)

static GParamSpec *properties[GUDPX_PORT_N_PROPS];

void
gudpx_port_notify (GudpxPort *self, guint property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/* Whether the calling thread may use it: its context is this thread's, or nobody's at the moment. */
gboolean
gudpx_port_belongs_to_this_thread (GudpxPort *self)
{
  GMainContext *context = gudpx_watch_get_context (&self->watch);

  /* Handlers call a lot, and to ask the context costs a lock. */
  if (context == NULL ||
      (gudpx_watch_is_dispatching (&self->watch) && gudpx_port_handle_is_mine (self->handle)) ||
      g_main_context_is_owner (context))
    return TRUE;
  if (!g_main_context_acquire (context))
    return FALSE;

  g_main_context_release (context);
  return TRUE;
}

/* For messages. A port that was given no address listens on any of IPv4. */
char *
gudpx_port_describe (GudpxPort *self)
{
  GSocketAddress *address =
      self->local_address != NULL ? self->local_address : self->requested_address;

  return address != NULL ? gudpx_address_describe (address) : g_strdup ("0.0.0.0:0");
}

static void
set_not_listening (GudpxPort *self, const char *what, GError **error)
{
  g_autofree char *description = gudpx_port_describe (self);

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "Cannot %s: the port %s is not listening", what,
               description);
}

gboolean
gudpx_port_check_listening (GudpxPort *self, const char *what, GError **error)
{
  if (gudpx_gate_is_listening (&self->gate))
    return TRUE;

  set_not_listening (self, what, error);
  return FALSE;
}

static void
gudpx_port_dispose (GObject *object)
{
  GudpxPort *self = GUDPX_PORT (object);

  gudpx_port_release (self);
  gudpx_port_handle_forget (self->handle);
  g_clear_object (&self->protocol);

  G_OBJECT_CLASS (gudpx_port_parent_class)->dispose (object);
}

static void
gudpx_port_finalize (GObject *object)
{
  GudpxPort *self = GUDPX_PORT (object);

  gudpx_port_handle_unref (self->handle);
  g_clear_object (&self->requested_address);
  g_clear_pointer (&self->config.socket.bind.device, g_free);
  gudpx_options_clear (&self->config.socket.options);
  g_ptr_array_unref (self->config.socket.memberships);
  g_clear_pointer (&self->peers, gudpx_peers_free);
  while (self->n_pooled > 0)
    g_object_unref (self->pool[--self->n_pooled]);
  g_ptr_array_unref (self->stop_tasks);

  G_OBJECT_CLASS (gudpx_port_parent_class)->finalize (object);
}

static void
gudpx_port_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  GudpxPort *self = GUDPX_PORT (object);

  switch (property_id)
    {
    case GUDPX_PORT_PROP_PROTOCOL:
      g_value_set_object (value, self->protocol);
      break;
    case GUDPX_PORT_PROP_LISTEN_MULTIPLE:
      g_value_set_boolean (value, self->config.socket.bind.listen_multiple);
      break;
    case GUDPX_PORT_PROP_REUSE_PORT:
      g_value_set_boolean (value, self->config.socket.bind.reuse_port);
      break;
    case GUDPX_PORT_PROP_IPV6_ONLY:
      g_value_set_boolean (value, gudpx_port_get_ipv6_only (self));
      break;
    case GUDPX_PORT_PROP_BIND_DEVICE:
      g_value_set_string (value, self->config.socket.bind.device);
      break;
    case GUDPX_PORT_PROP_LOCAL_ADDRESS:
      g_value_set_object (value, gudpx_port_get_local_address (self));
      break;
    case GUDPX_PORT_PROP_MAX_PACKET_SIZE:
      g_value_set_uint (value, self->max_packet_size);
      break;
    case GUDPX_PORT_PROP_BROADCAST_ALLOWED:
      g_value_set_boolean (value, gudpx_port_get_broadcast_allowed (self));
      break;
    case GUDPX_PORT_PROP_TTL:
      g_value_set_uint (value, gudpx_port_get_ttl (self));
      break;
    case GUDPX_PORT_PROP_MULTICAST_TTL:
      g_value_set_uint (value, gudpx_port_get_multicast_ttl (self));
      break;
    case GUDPX_PORT_PROP_MULTICAST_LOOPBACK:
      g_value_set_boolean (value, gudpx_port_get_multicast_loopback (self));
      break;
    case GUDPX_PORT_PROP_MULTICAST_INTERFACE:
      g_value_set_string (value, gudpx_port_get_multicast_interface (self));
      break;
    case GUDPX_PORT_PROP_DSCP:
      g_value_set_uint (value, gudpx_port_get_dscp (self));
      break;
    case GUDPX_PORT_PROP_RECEIVE_BUFFER_SIZE:
      g_value_set_uint (value, gudpx_port_get_receive_buffer_size (self));
      break;
    case GUDPX_PORT_PROP_SEND_BUFFER_SIZE:
      g_value_set_uint (value, gudpx_port_get_send_buffer_size (self));
      break;
    case GUDPX_PORT_PROP_METADATA:
      g_value_set_flags (value, self->config.socket.options.metadata);
      break;
    case GUDPX_PORT_PROP_SEND_QUEUE_LIMIT:
      g_value_set_uint64 (value, gudpx_port_get_send_queue_limit (self));
      break;
    case GUDPX_PORT_PROP_PRIORITY:
      g_value_set_int (value, self->priority);
      break;
    case GUDPX_PORT_PROP_READING:
      g_value_set_boolean (value, gudpx_port_get_reading (self));
      break;
    case GUDPX_PORT_PROP_COALESCE_WRITES:
      g_value_set_boolean (value, gudpx_port_get_coalesce_writes (self));
      break;
    case GUDPX_PORT_PROP_BUSY_POLL:
      g_value_set_uint (value, self->busy_poll);
      break;
    case GUDPX_PORT_PROP_REPORT_ERRORS:
      g_value_set_boolean (value, self->report_errors);
      break;
    case GUDPX_PORT_PROP_DONT_FRAGMENT:
      g_value_set_boolean (value, gudpx_port_get_dont_fragment (self));
      break;
    case GUDPX_PORT_PROP_SEND_QUEUE_POLICY:
      g_value_set_enum (value, gudpx_port_get_send_queue_policy (self));
      break;
    case GUDPX_PORT_PROP_MAX_PACING_RATE:
      g_value_set_uint (value, gudpx_port_get_max_pacing_rate (self));
      break;
    case GUDPX_PORT_PROP_LISTENING:
      g_value_set_boolean (value, gudpx_port_get_listening (self));
      break;
    case GUDPX_PORT_PROP_PEER_ADDRESS:
      g_value_set_object (value, self->peer_address);
      break;
    case GUDPX_PORT_PROP_SOCKET:
      g_value_set_object (value, gudpx_port_get_socket (self));
      break;
    case GUDPX_PORT_PROP_SEND_QUEUE_SIZE:
      g_value_set_uint64 (value, gudpx_port_get_send_queue_size (self));
      break;
    case GUDPX_PORT_PROP_PATH_MTU:
      g_value_set_uint (value, gudpx_port_get_path_mtu (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/* What cannot be set here says so by a warning alone: the setters have a GError. */
static void
gudpx_port_set_property (GObject *object,
                         guint property_id,
                         const GValue *value,
                         GParamSpec *pspec)
{
  GudpxPort *self = GUDPX_PORT (object);
  g_autoptr (GError) error = NULL;

  switch (property_id)
    {
    case GUDPX_PORT_PROP_PROTOCOL:
      self->protocol = g_value_dup_object (value);
      break;
    case GUDPX_PORT_PROP_LISTEN_MULTIPLE:
      self->config.socket.bind.listen_multiple = g_value_get_boolean (value);
      break;
    case GUDPX_PORT_PROP_REUSE_PORT:
      self->config.socket.bind.reuse_port = g_value_get_boolean (value);
      break;
    case GUDPX_PORT_PROP_IPV6_ONLY:
      self->config.socket.bind.ipv6_only = g_value_get_boolean (value);
      break;
    case GUDPX_PORT_PROP_BIND_DEVICE:
      self->config.socket.bind.device = g_value_dup_string (value);
      break;
    case GUDPX_PORT_PROP_LOCAL_ADDRESS:
      gudpx_port_set_local_address (self, g_value_get_object (value), &error);
      break;
    case GUDPX_PORT_PROP_MAX_PACKET_SIZE:
      gudpx_port_set_max_packet_size (self, g_value_get_uint (value), &error);
      break;
    case GUDPX_PORT_PROP_BROADCAST_ALLOWED:
      gudpx_port_set_broadcast_allowed (self, g_value_get_boolean (value), &error);
      break;
    case GUDPX_PORT_PROP_TTL:
      gudpx_port_set_ttl (self, g_value_get_uint (value), &error);
      break;
    case GUDPX_PORT_PROP_MULTICAST_TTL:
      gudpx_port_set_multicast_ttl (self, g_value_get_uint (value), &error);
      break;
    case GUDPX_PORT_PROP_MULTICAST_LOOPBACK:
      gudpx_port_set_multicast_loopback (self, g_value_get_boolean (value), &error);
      break;
    case GUDPX_PORT_PROP_MULTICAST_INTERFACE:
      gudpx_port_set_multicast_interface (self, g_value_get_string (value), &error);
      break;
    case GUDPX_PORT_PROP_DSCP:
      gudpx_port_set_dscp (self, g_value_get_uint (value), &error);
      break;
    case GUDPX_PORT_PROP_RECEIVE_BUFFER_SIZE:
      gudpx_port_set_receive_buffer_size (self, g_value_get_uint (value), &error);
      break;
    case GUDPX_PORT_PROP_SEND_BUFFER_SIZE:
      gudpx_port_set_send_buffer_size (self, g_value_get_uint (value), &error);
      break;
    case GUDPX_PORT_PROP_METADATA:
      gudpx_port_set_metadata (self, g_value_get_flags (value), &error);
      break;
    case GUDPX_PORT_PROP_SEND_QUEUE_LIMIT:
      gudpx_port_set_send_queue_limit (self, g_value_get_uint64 (value));
      break;
    case GUDPX_PORT_PROP_PRIORITY:
      gudpx_port_set_priority (self, g_value_get_int (value));
      break;
    case GUDPX_PORT_PROP_READING:
      gudpx_port_set_reading (self, g_value_get_boolean (value));
      break;
    case GUDPX_PORT_PROP_COALESCE_WRITES:
      gudpx_port_set_coalesce_writes (self, g_value_get_boolean (value));
      break;
    case GUDPX_PORT_PROP_BUSY_POLL:
      gudpx_port_set_busy_poll (self, g_value_get_uint (value), &error);
      break;
    case GUDPX_PORT_PROP_REPORT_ERRORS:
      gudpx_port_set_report_errors (self, g_value_get_boolean (value));
      break;
    case GUDPX_PORT_PROP_DONT_FRAGMENT:
      gudpx_port_set_dont_fragment (self, g_value_get_boolean (value), &error);
      break;
    case GUDPX_PORT_PROP_SEND_QUEUE_POLICY:
      gudpx_port_set_send_queue_policy (self, g_value_get_enum (value));
      break;
    case GUDPX_PORT_PROP_MAX_PACING_RATE:
      gudpx_port_set_max_pacing_rate (self, g_value_get_uint (value), &error);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }

  if (error != NULL)
    g_warning ("%s", error->message);
}

static void
install_construct_properties (void)
{
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * GudpxPort:protocol: (getter get_protocol)
   *
   * What the port calls.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_PROTOCOL] =
      g_param_spec_object ("protocol", NULL, NULL, GUDPX_TYPE_DATAGRAM_PROTOCOL, flags);

  /**
   * GudpxPort:listen-multiple: (getter get_listen_multiple)
   *
   * Whether several sockets of the machine may be bound to the address, each of which gets the
   * multicasts and broadcasts that it asked for. All of them must say so. What is sent to one host goes
   * to one of them; on Linux to the one that was bound last.
   *
   * It is `SO_REUSEADDR` on Linux, `SO_REUSEADDR` and `SO_REUSEPORT` elsewhere. With
   * [property@Gudpx.Port:reuse-port] beside it a Linux kernel may hand a datagram of a group to a port
   * that has not joined the group, so set one of the two.
   *
   * The default is %FALSE.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_LISTEN_MULTIPLE] =
      g_param_spec_boolean ("listen-multiple", NULL, NULL, FALSE, flags);

  /**
   * GudpxPort:reuse-port: (getter get_reuse_port)
   *
   * Whether several sockets of the same user may be bound to the address, among which the kernel
   * shares the datagrams out (`SO_REUSEPORT`). All of them must say so.
   *
   * The default is %FALSE.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_REUSE_PORT] =
      g_param_spec_boolean ("reuse-port", NULL, NULL, FALSE, flags);

  /**
   * GudpxPort:ipv6-only: (getter get_ipv6_only)
   *
   * Whether a port bound to IPv6 is for IPv6 alone, and not for IPv4 too (`IPV6_V6ONLY`, RFC 3493).
   *
   * The default is %FALSE.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_IPV6_ONLY] =
      g_param_spec_boolean ("ipv6-only", NULL, NULL, FALSE, flags);

  /**
   * GudpxPort:bind-device: (getter get_bind_device)
   *
   * The name of the only network interface to use (`SO_BINDTODEVICE`, Linux); %NULL: all.
   *
   * A port whose interface is gone hears nothing any more, not even when an interface of that name is
   * made again, and its writes fail. [signal@Gudpx.DatagramProtocol::error-received] tells once, with
   * %G_IO_ERROR_NOT_FOUND; in a process that may not use `AF_NETLINK` only the writes tell. When the
   * interface is back, stop the port and start it again. The same holds for a port that is bound to
   * a link-local IPv6 address, and for an adopted socket that is bound to an interface.
   *
   * The default is %NULL.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_BIND_DEVICE] =
      g_param_spec_string ("bind-device", NULL, NULL, NULL, flags);
}

static void
install_properties (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * GudpxPort:local-address: (getter get_local_address) (setter set_local_address)
   *
   * The address to bind, and while the port is open the one that is bound, with the real port
   * number. It can be set while the port is stopped; %NULL is any IPv4 address and any free number.
   *
   * The default is %NULL.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_LOCAL_ADDRESS] = g_param_spec_object (
      "local-address", NULL, NULL, G_TYPE_SOCKET_ADDRESS, flags | G_PARAM_CONSTRUCT);

  /**
   * GudpxPort:max-packet-size: (getter get_max_packet_size) (setter set_max_packet_size)
   *
   * How many bytes of a received datagram are kept, 1 to 1048576. The default keeps every UDP
   * datagram whole; UNIX datagrams can be longer.
   *
   * The default is 65535.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_MAX_PACKET_SIZE] =
      g_param_spec_uint ("max-packet-size", NULL, NULL, 1, GUDPX_PORT_MAX_MAX_PACKET_SIZE,
                         GUDPX_PORT_DEFAULT_MAX_PACKET_SIZE, flags);

  /**
   * GudpxPort:broadcast-allowed: (getter get_broadcast_allowed) (setter set_broadcast_allowed)
   *
   * Whether broadcast addresses may be written to (`SO_BROADCAST`).
   *
   * The default is %FALSE.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_BROADCAST_ALLOWED] =
      g_param_spec_boolean ("broadcast-allowed", NULL, NULL, FALSE, flags);

  /**
   * GudpxPort:ttl: (getter get_ttl) (setter set_ttl)
   *
   * The time to live, which IPv6 calls hop limit, of unicast datagrams, 1 to 255. What is not set is
   * the system's choice.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_TTL] = g_param_spec_uint ("ttl", NULL, NULL, 1, 255, 64, flags);

  /**
   * GudpxPort:multicast-ttl: (getter get_multicast_ttl) (setter set_multicast_ttl)
   *
   * The time to live of multicast datagrams, 0 to 255: 0 is for the machine, 1 for the link. Linux
   * lets one of 0 out where no socket of the machine is in the group.
   *
   * The default is 1.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_MULTICAST_TTL] =
      g_param_spec_uint ("multicast-ttl", NULL, NULL, 0, 255, 1, flags);

  /**
   * GudpxPort:multicast-loopback: (getter get_multicast_loopback) (setter set_multicast_loopback)
   *
   * Whether multicast datagrams that are written come to the members of the group on this machine
   * too.
   *
   * The default is %TRUE.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_MULTICAST_LOOPBACK] =
      g_param_spec_boolean ("multicast-loopback", NULL, NULL, TRUE, flags);

  /**
   * GudpxPort:multicast-interface: (getter get_multicast_interface) (setter set_multicast_interface)
   *
   * The network interface that multicast datagrams leave by: its name, or an address that it has;
   * %NULL: the system's choice. By an IPv4 address datagrams of a port that is bound to all addresses
   * also leave from that address (`ip(7)`, `IP_MULTICAST_IF`).
   *
   * The default is %NULL.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_MULTICAST_INTERFACE] =
      g_param_spec_string ("multicast-interface", NULL, NULL, NULL, flags);

  /**
   * GudpxPort:dscp: (getter get_dscp) (setter set_dscp)
   *
   * The differentiated services code point of what is sent (RFC 2474), 0 to 63.
   *
   * The default is 0.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_DSCP] = g_param_spec_uint ("dscp", NULL, NULL, 0, 63, 0, flags);

  /**
   * GudpxPort:receive-buffer-size: (getter get_receive_buffer_size) (setter set_receive_buffer_size)
   *
   * The kernel's buffer for what was not received yet, in bytes (`SO_RCVBUF`). The system may grant
   * less than was asked for: while the port is open, this is what it granted. 0 leaves the size to
   * the system, from the next start on.
   *
   * The default is 0.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_RECEIVE_BUFFER_SIZE] =
      g_param_spec_uint ("receive-buffer-size", NULL, NULL, 0, G_MAXINT / 2, 0, flags);

  /**
   * GudpxPort:send-buffer-size: (getter get_send_buffer_size) (setter set_send_buffer_size)
   *
   * The kernel's buffer for what has not left yet, in bytes (`SO_SNDBUF`). The system may grant less
   * than was asked for: while the port is open, this is what it granted. 0 leaves the size to the
   * system, from the next start on.
   *
   * The default is 0.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_SEND_BUFFER_SIZE] =
      g_param_spec_uint ("send-buffer-size", NULL, NULL, 0, G_MAXINT / 2, 0, flags);

  /**
   * GudpxPort:metadata: (getter get_metadata) (setter set_metadata)
   *
   * What the kernel is to deliver with each datagram, beside the payload and the sender. Each flag
   * costs some time; see the getters of [class@Gudpx.Datagram] for what they tell.
   *
   * The default is %GUDPX_METADATA_NONE.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_METADATA] = g_param_spec_flags (
      "metadata", NULL, NULL, GUDPX_TYPE_METADATA_FLAGS, GUDPX_METADATA_NONE, flags);

  /**
   * GudpxPort:send-queue-limit: (getter get_send_queue_limit) (setter set_send_queue_limit)
   *
   * How many bytes the send queue may hold, counted as [property@Gudpx.Port:send-queue-size] counts
   * them. 0: nothing is queued.
   *
   * On a UNIX socket that is not connected, what waits for one destination that does not read may take
   * a quarter of it, and what waits for all of those a half. What such a destination has no room for is
   * treated by [property@Gudpx.Port:send-queue-policy].
   *
   * The default is 1048576.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_SEND_QUEUE_LIMIT] = g_param_spec_uint64 (
      "send-queue-limit", NULL, NULL, 0, G_MAXSIZE, GUDPX_SEND_QUEUE_DEFAULT_LIMIT, flags);

  /**
   * GudpxPort:priority: (getter get_priority) (setter set_priority)
   *
   * The priority in the main context, such as %G_PRIORITY_DEFAULT. Where all else runs at
   * %G_PRIORITY_DEFAULT_IDLE, a busy port should too.
   *
   * The default is %G_PRIORITY_DEFAULT.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_PRIORITY] =
      g_param_spec_int ("priority", NULL, NULL, G_MININT, G_MAXINT, G_PRIORITY_DEFAULT, flags);

  /**
   * GudpxPort:reading: (getter get_reading) (setter set_reading)
   *
   * Whether datagrams are received. While they are not, the kernel queues them, as many as find room
   * in its buffer. Writing goes on, and so do errors.
   *
   * The default is %TRUE.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_READING] =
      g_param_spec_boolean ("reading", NULL, NULL, TRUE, flags);

  /**
   * GudpxPort:coalesce-writes: (getter get_coalesce_writes) (setter set_coalesce_writes)
   *
   * Whether what a handler writes waits for the end of the dispatch, to leave with the rest in few
   * system calls; and whether datagrams of one size to one destination that leave together are handed
   * to the kernel as one, which segments them again (`UDP_SEGMENT`, `udp(7)`). What receives them sees
   * no difference. Where the system or the interface cannot segment, they are sent one by one.
   *
   * Turned off, each datagram leaves when it is written, and what the kernel has against it is the
   * error of the write.
   *
   * The default is %TRUE.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_COALESCE_WRITES] =
      g_param_spec_boolean ("coalesce-writes", NULL, NULL, TRUE, flags);

  /**
   * GudpxPort:busy-poll: (getter get_busy_poll) (setter set_busy_poll)
   *
   * For how many microseconds the port asks the socket again when it has delivered what there was,
   * before it goes back to the main loop, 0 to 1000. A main loop that goes to sleep and is woken costs
   * more than that. It is only done while it keeps paying: a port that asked in vain leaves it for
   * some time, and one that has taken many datagrams and written none lets them gather again.
   * 0: never.
   *
   * The default is 5.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_BUSY_POLL] =
      g_param_spec_uint ("busy-poll", NULL, NULL, 0, GUDPX_PORT_MAX_BUSY_POLL,
                         GUDPX_PORT_DEFAULT_BUSY_POLL, flags);

  /**
   * GudpxPort:report-errors: (getter get_report_errors) (setter set_report_errors)
   *
   * Whether a port without a peer, too, is told by
   * [signal@Gudpx.DatagramProtocol::error-received] what the network says of datagrams that it sent,
   * refusals among it (`IP_RECVERR`, `ip(7)`).
   *
   * Only Linux tells, and not by GSocket's own calls, which the build option `io` may choose. Elsewhere
   * setting it to %TRUE warns, and leaves it %FALSE.
   *
   * The default is %FALSE.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_REPORT_ERRORS] =
      g_param_spec_boolean ("report-errors", NULL, NULL, FALSE, flags);

  /**
   * GudpxPort:dont-fragment: (getter get_dont_fragment) (setter set_dont_fragment)
   *
   * Whether datagrams that do not fit into a packet of the path are refused with
   * %G_IO_ERROR_MESSAGE_TOO_LARGE instead of being sent in fragments (`IP_MTU_DISCOVER`, `ip(7)`;
   * Linux).
   *
   * The default is %FALSE.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_DONT_FRAGMENT] =
      g_param_spec_boolean ("dont-fragment", NULL, NULL, FALSE, flags);

  /**
   * GudpxPort:send-queue-policy: (getter get_send_queue_policy) (setter set_send_queue_policy)
   *
   * What becomes of a datagram that finds no room in the send queue. The statistics count what was
   * dropped, see [struct@Gudpx.Statistics].
   *
   * The default is %GUDPX_QUEUE_POLICY_REFUSE.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_SEND_QUEUE_POLICY] =
      g_param_spec_enum ("send-queue-policy", NULL, NULL, GUDPX_TYPE_QUEUE_POLICY,
                         GUDPX_QUEUE_POLICY_REFUSE, flags);

  /**
   * GudpxPort:max-pacing-rate: (getter get_max_pacing_rate) (setter set_max_pacing_rate)
   *
   * How many bytes a second leave at most, %G_MAXUINT being any number (`SO_MAX_PACING_RATE`,
   * `socket(7)`). It counts on interfaces with the queueing discipline that paces: `tc-fq(8)`.
   *
   * The default is %G_MAXUINT.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_MAX_PACING_RATE] =
      g_param_spec_uint ("max-pacing-rate", NULL, NULL, 1, G_MAXUINT, G_MAXUINT, flags);
}

static void
install_read_only_properties (void)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * GudpxPort:listening: (getter get_listening)
   *
   * Whether the port is started: it receives, unless it is paused, and can be written to.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_LISTENING] =
      g_param_spec_boolean ("listening", NULL, NULL, FALSE, flags);

  /**
   * GudpxPort:peer-address: (getter get_peer_address)
   *
   * The peer that the port is connected to; %NULL if it is not connected.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_PEER_ADDRESS] =
      g_param_spec_object ("peer-address", NULL, NULL, G_TYPE_SOCKET_ADDRESS, flags);

  /**
   * GudpxPort:socket: (getter get_socket)
   *
   * The socket, for options that have no property; %NULL while there is none. Reading from it or
   * closing it is the port's.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_SOCKET] =
      g_param_spec_object ("socket", NULL, NULL, G_TYPE_SOCKET, flags);

  /**
   * GudpxPort:send-queue-size: (getter get_send_queue_size)
   *
   * How many bytes the send queue holds: the payloads, and for each datagram what it costs to keep.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_SEND_QUEUE_SIZE] =
      g_param_spec_uint64 ("send-queue-size", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * GudpxPort:path-mtu: (getter get_path_mtu)
   *
   * The path MTU to the peer that the kernel knows, in bytes with all headers (RFC 1191, RFC 8201);
   * 0 if the port is not connected or the system does not tell. Narrower paths are notified of when a
   * router says so.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_PATH_MTU] =
      g_param_spec_uint ("path-mtu", NULL, NULL, 0, G_MAXUINT, 0, flags);
}

static void
gudpx_port_class_init (GudpxPortClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = gudpx_port_dispose;
  object_class->finalize = gudpx_port_finalize;
  object_class->get_property = gudpx_port_get_property;
  object_class->set_property = gudpx_port_set_property;

  install_construct_properties ();
  install_properties ();
  install_read_only_properties ();
  g_object_class_install_properties (object_class, GUDPX_PORT_N_PROPS, properties);
}

static void
gudpx_port_init (GudpxPort *self)
{
  self->handle = gudpx_port_handle_new (self, gudpx_port_deliver_again);
  self->max_packet_size = GUDPX_PORT_DEFAULT_MAX_PACKET_SIZE;
  self->priority = G_PRIORITY_DEFAULT;
  gudpx_gate_set_reading (&self->gate, TRUE);
  self->busy_poll = GUDPX_PORT_DEFAULT_BUSY_POLL;
  self->batch_limit = GUDPX_PORT_FIRST_BATCH_LIMIT;
  self->config.socket.memberships = gudpx_memberships_new ();
  self->stop_tasks = g_ptr_array_new_with_free_func (g_object_unref);
  gudpx_reports_init (&self->reports, &self->statistics);
  gudpx_sender_init (&self->sender, &self->reports, &self->statistics);
}

/**
 * gudpx_port_new:
 * @protocol: what is called
 * @local_address: (nullable): the address to bind: IPv4, IPv6 or UNIX; %NULL: any IPv4 address and
 *   any free number
 *
 * A port that is not started yet: set what is to be set, then call
 * [method@Gudpx.Port.start_listening].
 *
 * Returns: (transfer full): a new port
 *
 * Since: 1.0
 */
GudpxPort *
gudpx_port_new (GudpxDatagramProtocol *protocol, GSocketAddress *local_address)
{
  g_return_val_if_fail (GUDPX_IS_DATAGRAM_PROTOCOL (protocol), NULL);
  g_return_val_if_fail (local_address == NULL || G_IS_SOCKET_ADDRESS (local_address), NULL);

  return g_object_new (GUDPX_TYPE_PORT, "protocol", protocol, "local-address", local_address, NULL);
}
