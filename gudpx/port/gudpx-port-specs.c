/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A port's properties as GObject knows them: their specs, notifications, and values by number. */

#include "gudpx-port-private.h"

static GParamSpec *properties[GUDPX_PORT_N_PROPS];

void
gudpx_port_notify (GudpxPort *self, guint property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

static void
install_construct_properties (void)
{
  const GParamFlags flags =
      G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * GudpxPort:protocol: (getter get_protocol)
   *
   * The protocol that the port calls.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_PROTOCOL] =
      g_param_spec_object ("protocol", NULL, NULL, GUDPX_TYPE_DATAGRAM_PROTOCOL, flags);

  /**
   * GudpxPort:listen-multiple: (getter get_listen_multiple)
   *
   * Allows several sockets of the machine to be bound to the same address. All of them must set
   * this.
   *
   * Each socket receives the multicasts and broadcasts that it asked for. A unicast datagram goes
   * to one of the sockets; on Linux to the one that was bound last.
   *
   * Sets `SO_REUSEADDR` on Linux, `SO_REUSEADDR` and `SO_REUSEPORT` elsewhere. Do not combine this
   * property with [property@Gudpx.Port:reuse-port]: a Linux kernel may then hand a datagram of a
   * group to a port that has not joined the group.
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
   * Allows several sockets of the same user to be bound to the same address. The kernel distributes
   * the datagrams among them (`SO_REUSEPORT`). All of them must set this.
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
   * Restricts a port that is bound to an IPv6 address to IPv6. If %FALSE, the port also serves IPv4
   * (`IPV6_V6ONLY`, RFC 3493).
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
   * The name of the only network interface that the port uses (`SO_BINDTODEVICE`, Linux); %NULL:
   * all interfaces.
   *
   * If the interface disappears, the port receives nothing and its writes fail, even if an
   * interface of the same name is created later. [signal@Gudpx.DatagramProtocol::error-received] is
   * emitted once, with %G_IO_ERROR_NOT_FOUND. In a process that may not use `AF_NETLINK`, only the
   * writes report the loss. When the interface is back, stop the port and start it again. The same
   * is true of a port that is bound to a link-local IPv6 address, and of an adopted socket that is
   * bound to an interface.
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
   * The address to bind. While the port is open: the address that is bound, with the real port
   * number.
   *
   * The address can be set while the port is stopped. %NULL selects any IPv4 address and any free
   * port number.
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
   * The number of bytes that are kept of a received datagram, 1 to 1048576. The default keeps every
   * UDP datagram complete. UNIX datagrams can be longer.
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
   * Allows writing to broadcast addresses (`SO_BROADCAST`).
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
   * The time to live (IPv6: hop limit) of unicast datagrams, 1 to 255. If the property is not set,
   * the system chooses the value.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_TTL] = g_param_spec_uint ("ttl", NULL, NULL, 1, 255, 64, flags);

  /**
   * GudpxPort:multicast-ttl: (getter get_multicast_ttl) (setter set_multicast_ttl)
   *
   * The time to live (IPv6: hop limit) of multicast datagrams, 0 to 255. Datagrams with the value 0
   * stay on the machine, with 1 on the link. Linux sends a datagram with the value 0 to the network
   * if no socket of the machine is in the group.
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
   * Delivers multicast datagrams of this port also to the members of the group on this machine.
   *
   * The default is %TRUE.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_MULTICAST_LOOPBACK] =
      g_param_spec_boolean ("multicast-loopback", NULL, NULL, TRUE, flags);

  /**
   * GudpxPort:multicast-interface:
   *
   * The network interface on which multicast datagrams are sent: its name, or an address of the
   * interface; %NULL: the system's choice.
   *
   * If you set an IPv4 address and the port is bound to all addresses, multicast datagrams are also
   * sent from this address (`ip(7)`, `IP_MULTICAST_IF`).
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
   * The differentiated services code point of sent datagrams (RFC 2474), 0 to 63.
   *
   * The default is 0.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_DSCP] = g_param_spec_uint ("dscp", NULL, NULL, 0, 63, 0, flags);

  /**
   * GudpxPort:receive-buffer-size:
   *
   * The size of the kernel's receive buffer, in bytes (`SO_RCVBUF`). Datagrams wait there until the
   * port reads them.
   *
   * The system may grant less than you set. While the port is open, the property has the granted
   * size. 0 leaves the size to the system, from the next start.
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
   * The size of the kernel's send buffer, in bytes (`SO_SNDBUF`). Datagrams that the kernel has
   * accepted wait there until they are sent.
   *
   * The system may grant less than you set. While the port is open, the property has the granted
   * size. 0 leaves the size to the system, from the next start.
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
   * Selects the information that each datagram carries in addition to its payload and sender. Each
   * flag costs some time. The getters of [class@Gudpx.Datagram] return the information.
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
   * The size limit of the send queue in bytes, counted like [property@Gudpx.Port:send-queue-size].
   * If the limit is 0, no datagram is queued.
   *
   * On a UNIX socket that is not connected, datagrams for a destination that does not read may use
   * a quarter of the queue. Datagrams for all such destinations together may use half of the queue.
   * [property@Gudpx.Port:send-queue-policy] also applies to datagrams that exceed these shares.
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
   * The priority of the port in the main context, such as %G_PRIORITY_DEFAULT. If everything else
   * runs at %G_PRIORITY_DEFAULT_IDLE, give a busy port this priority too.
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
   * If %FALSE, the port receives no datagrams. The kernel then queues datagrams up to the size of
   * its buffer. Writing and the delivery of errors continue.
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
   * Collects the writes of a handler until the end of the dispatch, so that many datagrams are sent
   * in few system calls.
   *
   * Datagrams of one size to one destination that are sent together are passed to the kernel as one
   * message. The kernel splits the message into the datagrams again (`UDP_SEGMENT`, `udp(7)`). The
   * receiver sees no difference. If the system or the interface cannot split messages, the
   * datagrams are sent one by one.
   *
   * If %FALSE, each write sends its datagram immediately and returns the error of the kernel, if
   * there is one. If the kernel has no room, the datagram is still queued.
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
   * The number of microseconds for which the port reads the socket again after it has delivered all
   * datagrams, before it returns to the main loop, 0 to 1000. 0 disables busy polling.
   *
   * Putting a main loop to sleep and waking it takes longer than that. The port stops busy polling
   * for a while after attempts without a datagram. After many received datagrams without a write
   * the port also returns to the main loop immediately, so that datagrams accumulate.
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
   * Emits [signal@Gudpx.DatagramProtocol::error-received] also on a port without a peer when the
   * network reports an error for a datagram that the port sent. Refusals are included
   * (`IP_RECVERR`, `ip(7)`).
   *
   * This works only on Linux. It does not work if the build option `io` selected the calls of
   * `GSocket`. On other systems and in such a build, setting the property to %TRUE prints a
   * warning, and the property stays %FALSE.
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
   * Rejects datagrams that do not fit into a packet of the path, with
   * %G_IO_ERROR_MESSAGE_TOO_LARGE, instead of sending them in fragments (`IP_MTU_DISCOVER`,
   * `ip(7)`; Linux).
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
   * Selects how the port treats a datagram for which the send queue has no room.
   * [struct@Gudpx.Statistics] counts the dropped datagrams.
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
   * The highest rate at which datagrams are sent, in bytes per second (`SO_MAX_PACING_RATE`,
   * `socket(7)`); %G_MAXUINT: unlimited. The rate takes effect on interfaces whose queueing
   * discipline paces: `tc-fq(8)`.
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
   * %TRUE if the port is started: you can write to it, and it receives unless it is paused.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_LISTENING] =
      g_param_spec_boolean ("listening", NULL, NULL, FALSE, flags);

  /**
   * GudpxPort:peer-address: (getter get_peer_address)
   *
   * The peer that the port is connected to; %NULL if the port is not connected.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_PEER_ADDRESS] =
      g_param_spec_object ("peer-address", NULL, NULL, G_TYPE_SOCKET_ADDRESS, flags);

  /**
   * GudpxPort:socket: (getter get_socket)
   *
   * The socket, for options that have no property; %NULL if there is none. Do not read from the
   * socket or close it: only the port does this.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_SOCKET] =
      g_param_spec_object ("socket", NULL, NULL, G_TYPE_SOCKET, flags);

  /**
   * GudpxPort:send-queue-size: (getter get_send_queue_size)
   *
   * The number of bytes in the send queue: the payloads, and a fixed amount for each datagram.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_SEND_QUEUE_SIZE] =
      g_param_spec_uint64 ("send-queue-size", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  /**
   * GudpxPort:path-mtu: (getter get_path_mtu)
   *
   * The path MTU to the peer as the kernel knows it, in bytes including all headers (RFC 1191, RFC
   * 8201). 0 if the port has no peer, or the system does not report the path MTU.
   *
   * When a router reports a narrower path, the property is notified.
   *
   * Since: 1.0
   */
  properties[GUDPX_PORT_PROP_PATH_MTU] =
      g_param_spec_uint ("path-mtu", NULL, NULL, 0, G_MAXUINT, 0, flags);
}

static void
get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  GudpxPort *self = GUDPX_PORT (object);

  switch (property_id)
    {
    case GUDPX_PORT_PROP_PROTOCOL:
      g_value_set_object (value, gudpx_port_get_protocol (self));
      break;
    case GUDPX_PORT_PROP_LISTEN_MULTIPLE:
      g_value_set_boolean (value, gudpx_port_get_listen_multiple (self));
      break;
    case GUDPX_PORT_PROP_REUSE_PORT:
      g_value_set_boolean (value, gudpx_port_get_reuse_port (self));
      break;
    case GUDPX_PORT_PROP_IPV6_ONLY:
      g_value_set_boolean (value, gudpx_port_get_ipv6_only (self));
      break;
    case GUDPX_PORT_PROP_BIND_DEVICE:
      g_value_set_string (value, gudpx_port_get_bind_device (self));
      break;
    case GUDPX_PORT_PROP_LOCAL_ADDRESS:
      g_value_set_object (value, gudpx_port_get_local_address (self));
      break;
    case GUDPX_PORT_PROP_MAX_PACKET_SIZE:
      g_value_set_uint (value, gudpx_port_get_max_packet_size (self));
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
      g_value_set_flags (value, gudpx_port_get_metadata (self));
      break;
    case GUDPX_PORT_PROP_SEND_QUEUE_LIMIT:
      g_value_set_uint64 (value, gudpx_port_get_send_queue_limit (self));
      break;
    case GUDPX_PORT_PROP_PRIORITY:
      g_value_set_int (value, gudpx_port_get_priority (self));
      break;
    case GUDPX_PORT_PROP_READING:
      g_value_set_boolean (value, gudpx_port_get_reading (self));
      break;
    case GUDPX_PORT_PROP_COALESCE_WRITES:
      g_value_set_boolean (value, gudpx_port_get_coalesce_writes (self));
      break;
    case GUDPX_PORT_PROP_BUSY_POLL:
      g_value_set_uint (value, gudpx_port_get_busy_poll (self));
      break;
    case GUDPX_PORT_PROP_REPORT_ERRORS:
      g_value_set_boolean (value, gudpx_port_get_report_errors (self));
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
      g_value_set_object (value, gudpx_port_get_peer_address (self));
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

/* Prints a warning if a value cannot be set: the functions of GObject have no GError. */
static void
set_property (GObject *object, guint property_id, const GValue *value, GParamSpec *pspec)
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

/* Installs the properties of the class, and the functions that get and set them. */
void
gudpx_port_install_properties (GObjectClass *object_class)
{
  object_class->get_property = get_property;
  object_class->set_property = set_property;

  install_construct_properties ();
  install_properties ();
  install_read_only_properties ();
  g_object_class_install_properties (object_class, GUDPX_PORT_N_PROPS, properties);
}
