/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-datagram-private.h"

/**
 * GudpxDatagram:
 *
 * A datagram: its payload, its sender or destination, and the metadata that the kernel delivered.
 *
 * A datagram never changes. You may keep it as long as you like: take a reference. The payload is
 * valid as long as the datagram.
 *
 * Received datagrams are passed to [vfunc@Gudpx.DatagramProtocol.datagram_received]. If nobody
 * holds a reference after the call, the library uses the object again for another datagram. To send
 * datagrams with [method@Gudpx.Port.write_datagrams], create them with [ctor@Gudpx.Datagram.new].
 *
 * Metadata is known only if [property@Gudpx.Port:metadata] selected it. Each getter documents its
 * value for unknown metadata.
 *
 * You may read a datagram in any thread. Call [method@Gudpx.Datagram.reply] and
 * [method@Gudpx.Datagram.get_transport] only in the thread of the port.
 *
 * ```c
 * static gboolean
 * answer (gpointer datagram)
 * {
 *   g_autoptr (GError) error = NULL;
 *
 *   if (!gudpx_datagram_reply (datagram, (const guint8 *) "later", 5, &error))
 *     g_warning ("%s", error->message);
 *   return G_SOURCE_REMOVE;
 * }
 *
 * static void
 * on_datagram_received (GudpxDatagramProtocol *protocol, GudpxDatagram *datagram)
 * {
 *   g_timeout_add_full (G_PRIORITY_DEFAULT, 100, answer, g_object_ref (datagram), g_object_unref);
 * }
 * ```
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (GudpxDatagram, gudpx_datagram, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_SENDER,
  PROP_DESTINATION,
  PROP_TRANSPORT,
  PROP_INTERFACE_INDEX,
  PROP_HOP_LIMIT,
  PROP_TRAFFIC_CLASS,
  PROP_ECN,
  PROP_TIMESTAMP,
  PROP_TRUNCATED,
  PROP_ORIGINAL_SIZE,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static void
gudpx_datagram_finalize (GObject *object)
{
  GudpxDatagram *self = GUDPX_DATAGRAM (object);

  g_clear_object (&self->sender);
  g_clear_object (&self->destination);
  g_clear_pointer (&self->handle, gudpx_port_handle_unref);
  g_free (self->payload);

  G_OBJECT_CLASS (gudpx_datagram_parent_class)->finalize (object);
}

static void
gudpx_datagram_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  GudpxDatagram *self = GUDPX_DATAGRAM (object);

  switch (property_id)
    {
    case PROP_SENDER:
      g_value_set_object (value, gudpx_datagram_get_sender (self));
      break;
    case PROP_DESTINATION:
      g_value_set_object (value, gudpx_datagram_get_destination (self));
      break;
    case PROP_TRANSPORT:
      g_value_set_object (value, gudpx_datagram_get_transport (self));
      break;
    case PROP_INTERFACE_INDEX:
      g_value_set_uint (value, gudpx_datagram_get_interface_index (self));
      break;
    case PROP_HOP_LIMIT:
      g_value_set_int (value, gudpx_datagram_get_hop_limit (self));
      break;
    case PROP_TRAFFIC_CLASS:
      g_value_set_int (value, gudpx_datagram_get_traffic_class (self));
      break;
    case PROP_ECN:
      g_value_set_int (value, gudpx_datagram_get_ecn (self));
      break;
    case PROP_TIMESTAMP:
      g_value_set_int64 (value, gudpx_datagram_get_timestamp (self));
      break;
    case PROP_TRUNCATED:
      g_value_set_boolean (value, gudpx_datagram_get_truncated (self));
      break;
    case PROP_ORIGINAL_SIZE:
      g_value_set_uint64 (value, gudpx_datagram_get_original_size (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
gudpx_datagram_class_init (GudpxDatagramClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = gudpx_datagram_finalize;
  object_class->get_property = gudpx_datagram_get_property;

  /**
   * GudpxDatagram:sender: (getter get_sender)
   *
   * See [method@Gudpx.Datagram.get_sender].
   *
   * Since: 1.0
   */
  properties[PROP_SENDER] =
      g_param_spec_object ("sender", NULL, NULL, G_TYPE_SOCKET_ADDRESS, flags);

  /**
   * GudpxDatagram:destination: (getter get_destination)
   *
   * See [method@Gudpx.Datagram.get_destination].
   *
   * Since: 1.0
   */
  properties[PROP_DESTINATION] =
      g_param_spec_object ("destination", NULL, NULL, G_TYPE_SOCKET_ADDRESS, flags);

  /**
   * GudpxDatagram:transport: (getter get_transport)
   *
   * See [method@Gudpx.Datagram.get_transport].
   *
   * Since: 1.0
   */
  properties[PROP_TRANSPORT] =
      g_param_spec_object ("transport", NULL, NULL, GUDPX_TYPE_PORT, flags);

  /**
   * GudpxDatagram:interface-index: (getter get_interface_index)
   *
   * See [method@Gudpx.Datagram.get_interface_index].
   *
   * Since: 1.0
   */
  properties[PROP_INTERFACE_INDEX] =
      g_param_spec_uint ("interface-index", NULL, NULL, 0, G_MAXUINT, 0, flags);

  /**
   * GudpxDatagram:hop-limit: (getter get_hop_limit)
   *
   * See [method@Gudpx.Datagram.get_hop_limit].
   *
   * Since: 1.0
   */
  properties[PROP_HOP_LIMIT] = g_param_spec_int ("hop-limit", NULL, NULL, -1, 255, -1, flags);

  /**
   * GudpxDatagram:traffic-class: (getter get_traffic_class)
   *
   * See [method@Gudpx.Datagram.get_traffic_class].
   *
   * Since: 1.0
   */
  properties[PROP_TRAFFIC_CLASS] =
      g_param_spec_int ("traffic-class", NULL, NULL, -1, 255, -1, flags);

  /**
   * GudpxDatagram:ecn: (getter get_ecn)
   *
   * See [method@Gudpx.Datagram.get_ecn].
   *
   * Since: 1.0
   */
  properties[PROP_ECN] = g_param_spec_int ("ecn", NULL, NULL, -1, 3, -1, flags);

  /**
   * GudpxDatagram:timestamp: (getter get_timestamp)
   *
   * See [method@Gudpx.Datagram.get_timestamp].
   *
   * Since: 1.0
   */
  properties[PROP_TIMESTAMP] =
      g_param_spec_int64 ("timestamp", NULL, NULL, 0, G_MAXINT64, 0, flags);

  /**
   * GudpxDatagram:truncated: (getter get_truncated)
   *
   * See [method@Gudpx.Datagram.get_truncated].
   *
   * Since: 1.0
   */
  properties[PROP_TRUNCATED] = g_param_spec_boolean ("truncated", NULL, NULL, FALSE, flags);

  /**
   * GudpxDatagram:original-size: (getter get_original_size)
   *
   * See [method@Gudpx.Datagram.get_original_size].
   *
   * Since: 1.0
   */
  properties[PROP_ORIGINAL_SIZE] =
      g_param_spec_uint64 ("original-size", NULL, NULL, 0, G_MAXUINT64, 0, flags);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
gudpx_datagram_init (GudpxDatagram *self)
{
  self->ancillary = (GudpxAncillary) GUDPX_ANCILLARY_INIT;
}

GudpxDatagram *
gudpx_datagram_new_empty (void)
{
  return g_object_new (GUDPX_TYPE_DATAGRAM, NULL);
}

/* Makes room for a payload and the zero byte after it. The old payload is lost. */
void
gudpx_datagram_reserve (GudpxDatagram *self, gsize size)
{
  g_free (self->payload);
  self->payload = g_malloc (size + 1);
  self->capacity = size;
}

/**
 * gudpx_datagram_new:
 * @payload: (array length=size) (element-type guint8) (nullable): the payload, which is copied
 * @size: the number of bytes; 0 creates an empty datagram
 * @destination: (nullable): the address to send the datagram to; %NULL: the peer of a connected
 *   port
 *
 * Creates a datagram for [method@Gudpx.Port.write_datagrams].
 *
 * Returns: (transfer full): a new datagram
 *
 * Since: 1.0
 */
GudpxDatagram *
gudpx_datagram_new (const guint8 *payload, gsize size, GSocketAddress *destination)
{
  GudpxDatagram *self;

  g_return_val_if_fail (payload != NULL || size == 0, NULL);
  g_return_val_if_fail (destination == NULL || G_IS_SOCKET_ADDRESS (destination), NULL);

  self = gudpx_datagram_new_empty ();
  gudpx_datagram_set_payload (self, payload, size, size);
  g_set_object (&self->destination, destination);
  return self;
}

/* Returns the bytes of an address; IPv4 in its mapped form. */
static struct in6_addr
get_address_bytes (GInetAddress *address)
{
  GudpxNativeAddress native = { .u.any.sa_family = g_inet_address_get_family (address) };

  if (g_inet_address_get_family (address) == G_SOCKET_FAMILY_IPV4)
    memcpy (&native.u.in.sin_addr, g_inet_address_to_bytes (address), 4);
  else
    memcpy (&native.u.in6.sin6_addr, g_inet_address_to_bytes (address), 16);
  return gudpx_native_address_get_bytes (&native);
}

/**
 * gudpx_datagram_new_full:
 * @payload: (array length=size) (element-type guint8) (nullable): the payload, which is copied
 * @size: the number of bytes; 0 creates an empty datagram
 * @destination: (nullable): the address to send the datagram to; %NULL: the peer of a connected
 *   port
 * @source: (nullable): the address of this machine to send the datagram from, of the destination's
 *   family; %NULL: the port's address, or the address that the route selects
 * @interface_index: the interface to send the datagram on; 0: the interface that the route selects
 * @hop_limit: the hop limit (IPv4: TTL), 0 to 255; -1: the port's value. A datagram with hop limit
 *   0 stays on this machine; Linux accepts 0 only for IPv6
 * @traffic_class: the traffic class, 0 to 255: DSCP in the upper six bits, ECN in the lower two;
 *   -1: the port's value
 *
 * Creates a datagram for [method@Gudpx.Port.write_datagrams] with its own source address,
 * interface, hop limit and traffic class (`ip(7)`, `ipv6(7)`, RFC 3542).
 *
 * If the system rejects one of these values, sending the datagram fails. UNIX sockets ignore all of
 * them.
 *
 * Returns: (transfer full): a new datagram
 *
 * Since: 1.0
 */
GudpxDatagram *
gudpx_datagram_new_full (const guint8 *payload,
                         gsize size,
                         GSocketAddress *destination,
                         GInetAddress *source,
                         guint interface_index,
                         int hop_limit,
                         int traffic_class)
{
  GudpxDatagram *self;

  g_return_val_if_fail (payload != NULL || size == 0, NULL);
  g_return_val_if_fail (destination == NULL || G_IS_SOCKET_ADDRESS (destination), NULL);
  g_return_val_if_fail (source == NULL || G_IS_INET_ADDRESS (source), NULL);
  g_return_val_if_fail (hop_limit >= -1 && hop_limit <= 255, NULL);
  g_return_val_if_fail (traffic_class >= -1 && traffic_class <= 255, NULL);

  self = gudpx_datagram_new (payload, size, destination);
  self->ancillary.send_interface = interface_index;
  self->ancillary.send_hop_limit = hop_limit;
  self->ancillary.send_traffic_class = traffic_class;
  if (source != NULL)
    {
      self->ancillary.source = get_address_bytes (source);
      self->ancillary.has_source = TRUE;
    }
  return self;
}

/* Returns the destination to send the datagram to; NULL: the peer. The destination of a received
 * datagram is no longer one. */
GSocketAddress *
gudpx_datagram_get_own_destination (GudpxDatagram *self)
{
  return self->handle == NULL ? self->destination : NULL;
}

/* Returns the control messages to send the datagram with, or NULL. A received datagram is forwarded
 * without control messages: its own would make it a reply. */
const GudpxAncillary *
gudpx_datagram_get_own_ancillary (GudpxDatagram *self)
{
  return self->handle == NULL ? &self->ancillary : NULL;
}

/**
 * gudpx_datagram_get_payload:
 * @self: a datagram
 * @size: (out) (optional): return location for the number of bytes
 *
 * Returns the payload: `bytes` in Python, a `Uint8Array` in JavaScript. The payload of an empty
 * datagram is empty.
 *
 * A zero byte follows the payload. @size does not count this byte. C programs may therefore treat
 * the payload as a string, which ends at its first zero byte. The payload need not be text:
 * [method@Gudpx.Datagram.dup_text] checks this.
 *
 * Returns: (transfer none) (array length=size) (element-type guint8): the payload, valid as long as
 *   @self; never %NULL
 *
 * Since: 1.0
 */
const guint8 *
gudpx_datagram_get_payload (GudpxDatagram *self, gsize *size)
{
  g_return_val_if_fail (GUDPX_IS_DATAGRAM (self), NULL);

  if (size != NULL)
    *size = self->size;
  return self->payload != NULL ? self->payload : (const guint8 *) "";
}

/**
 * gudpx_datagram_dup_bytes:
 * @self: a datagram
 *
 * Copies the payload.
 *
 * Returns: (transfer full): a copy of the payload
 *
 * Since: 1.0
 */
GBytes *
gudpx_datagram_dup_bytes (GudpxDatagram *self)
{
  g_return_val_if_fail (GUDPX_IS_DATAGRAM (self), NULL);

  return g_bytes_new (self->payload, self->size);
}

/**
 * gudpx_datagram_dup_text:
 * @self: a datagram
 *
 * Copies the payload to a string.
 *
 * Returns: (transfer full) (nullable): the text; %NULL if the payload is not valid UTF-8 or
 *   contains a zero byte
 *
 * Since: 1.1
 */
char *
gudpx_datagram_dup_text (GudpxDatagram *self)
{
  const char *payload;

  g_return_val_if_fail (GUDPX_IS_DATAGRAM (self), NULL);

  payload = (const char *) gudpx_datagram_get_payload (self, NULL);
  return g_utf8_validate (payload, self->size, NULL) ? g_strndup (payload, self->size) : NULL;
}

/* Stores @address, which it takes, unless another thread has filled @slot. Returns the content of
 * @slot. */
static GSocketAddress *
publish (GSocketAddress **slot, GSocketAddress *address)
{
  if (!g_atomic_pointer_compare_and_exchange (slot, NULL, address))
    g_clear_object (&address);
  return g_atomic_pointer_get (slot);
}

/**
 * gudpx_datagram_get_sender: (get-property sender)
 * @self: a datagram
 *
 * Returns the address that the datagram came from.
 *
 * On a dual-stack port, IPv4 senders have IPv4 addresses. Link-local addresses contain their scope
 * id. `==` compares pointers: use [func@Gudpx.address_equal] to compare addresses.
 *
 * Returns: (transfer none) (nullable): the sender; %NULL if the datagram was not received, or if
 *   the sender is a UNIX socket that is not bound to an address
 *
 * Since: 1.0
 */
GSocketAddress *
gudpx_datagram_get_sender (GudpxDatagram *self)
{
  g_return_val_if_fail (GUDPX_IS_DATAGRAM (self), NULL);

  if (g_atomic_pointer_get (&self->sender) == NULL && self->handle != NULL)
    return publish (&self->sender,
                    gudpx_port_handle_dup_sender (self->handle, &self->native_sender));
  return self->sender;
}

static GSocketAddress *
make_destination (GudpxDatagram *self)
{
  GudpxNativeAddress native = { .length = sizeof native.u.in6 };

  native.u.in6.sin6_family = AF_INET6;
  native.u.in6.sin6_port = htons (self->local_udp_port);
  native.u.in6.sin6_addr = self->ancillary.destination;
  if (IN6_IS_ADDR_LINKLOCAL (&native.u.in6.sin6_addr) ||
      IN6_IS_ADDR_MC_LINKLOCAL (&native.u.in6.sin6_addr))
    native.u.in6.sin6_scope_id = self->ancillary.interface_index;
  return gudpx_native_address_to_object (&native);
}

/**
 * gudpx_datagram_get_destination: (get-property destination)
 * @self: a datagram
 *
 * Returns the address that the datagram was sent to. On a port that is bound to any address, this
 * is the address of the machine or the multicast group. For a datagram created with
 * [ctor@Gudpx.Datagram.new], returns the address to send it to.
 *
 * Returns: (transfer none) (nullable): the destination; %NULL if it is not known because
 *   [property@Gudpx.Port:metadata] lacks %GUDPX_METADATA_DESTINATION
 *
 * Since: 1.0
 */
GSocketAddress *
gudpx_datagram_get_destination (GudpxDatagram *self)
{
  g_return_val_if_fail (GUDPX_IS_DATAGRAM (self), NULL);

  if (g_atomic_pointer_get (&self->destination) == NULL && self->ancillary.has_destination)
    return publish (&self->destination, make_destination (self));
  return self->destination;
}

/**
 * gudpx_datagram_get_transport: (get-property transport)
 * @self: a datagram
 *
 * Returns the port that received the datagram. A datagram does not keep its port alive.
 *
 * Returns: (transfer none) (nullable): the port; %NULL if the port no longer exists, or if the
 *   datagram was not received
 *
 * Since: 1.0
 */
GudpxPort *
gudpx_datagram_get_transport (GudpxDatagram *self)
{
  g_return_val_if_fail (GUDPX_IS_DATAGRAM (self), NULL);

  return gudpx_datagram_get_port (self);
}

/**
 * gudpx_datagram_get_interface_index: (get-property interface-index)
 * @self: a datagram
 *
 * Returns the index of the interface that the datagram arrived on, see `if_indextoname(3)`.
 *
 * Returns: the index; 0 if it is not known because [property@Gudpx.Port:metadata] lacks
 *   %GUDPX_METADATA_DESTINATION
 *
 * Since: 1.0
 */
guint
gudpx_datagram_get_interface_index (GudpxDatagram *self)
{
  g_return_val_if_fail (GUDPX_IS_DATAGRAM (self), 0);

  return self->ancillary.interface_index;
}

/**
 * gudpx_datagram_get_hop_limit: (get-property hop-limit)
 * @self: a datagram
 *
 * Returns the hop limit, in IPv4 the time to live, that the datagram arrived with.
 *
 * Returns: 0 to 255; -1 if it is not known because [property@Gudpx.Port:metadata] lacks
 *   %GUDPX_METADATA_HOP_LIMIT
 *
 * Since: 1.0
 */
int
gudpx_datagram_get_hop_limit (GudpxDatagram *self)
{
  g_return_val_if_fail (GUDPX_IS_DATAGRAM (self), -1);

  return self->ancillary.hop_limit;
}

/**
 * gudpx_datagram_get_traffic_class: (get-property traffic-class)
 * @self: a datagram
 *
 * Returns the whole octet of the traffic class (IPv4: type of service) that the datagram arrived
 * with: DSCP in the upper six bits (RFC 2474), ECN in the lower two.
 *
 * Returns: 0 to 255; -1 if it is not known because [property@Gudpx.Port:metadata] lacks
 *   %GUDPX_METADATA_TRAFFIC_CLASS
 *
 * Since: 1.0
 */
int
gudpx_datagram_get_traffic_class (GudpxDatagram *self)
{
  g_return_val_if_fail (GUDPX_IS_DATAGRAM (self), -1);

  return self->ancillary.traffic_class;
}

/**
 * gudpx_datagram_get_ecn: (get-property ecn)
 * @self: a datagram
 *
 * Returns the bits of explicit congestion notification (RFC 3168) that the datagram arrived with.
 *
 * Returns: 0 to 3; -1 if they are not known because [property@Gudpx.Port:metadata] lacks
 *   %GUDPX_METADATA_TRAFFIC_CLASS
 *
 * Since: 1.0
 */
int
gudpx_datagram_get_ecn (GudpxDatagram *self)
{
  g_return_val_if_fail (GUDPX_IS_DATAGRAM (self), -1);

  return self->ancillary.traffic_class < 0 ? -1 : self->ancillary.traffic_class & 3;
}

/**
 * gudpx_datagram_get_timestamp: (get-property timestamp)
 * @self: a datagram
 *
 * Returns the time when the kernel received the datagram. The time is counted by the real-time
 * clock, as [func@GLib.get_real_time] does.
 *
 * Returns: microseconds since the epoch; 0 if the time is not known because
 *   [property@Gudpx.Port:metadata] lacks %GUDPX_METADATA_TIMESTAMP
 *
 * Since: 1.0
 */
gint64
gudpx_datagram_get_timestamp (GudpxDatagram *self)
{
  g_return_val_if_fail (GUDPX_IS_DATAGRAM (self), 0);

  return self->ancillary.timestamp;
}

/**
 * gudpx_datagram_get_truncated: (get-property truncated)
 * @self: a datagram
 *
 * Returns %TRUE if the datagram was longer than [property@Gudpx.Port:max-packet-size]. Its end is
 * lost.
 *
 * Returns: %TRUE if the payload was cut off
 *
 * Since: 1.0
 */
gboolean
gudpx_datagram_get_truncated (GudpxDatagram *self)
{
  g_return_val_if_fail (GUDPX_IS_DATAGRAM (self), FALSE);

  return self->original_size > self->size;
}

/**
 * gudpx_datagram_get_original_size: (get-property original-size)
 * @self: a datagram
 *
 * Returns the size of the payload when the datagram was sent.
 *
 * Returns: the number of bytes; the size of the payload, unless the datagram is truncated
 *
 * Since: 1.0
 */
gsize
gudpx_datagram_get_original_size (GudpxDatagram *self)
{
  g_return_val_if_fail (GUDPX_IS_DATAGRAM (self), 0);

  return self->original_size;
}
