/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gudpx-address-private.h"
#include "gudpx-port-thread-private.h"
#include "gudpx-socket-private.h"
#include "gudpx-statistics-private.h"
#include "gudpx-steering-private.h"

/**
 * GudpxPortGroup:
 *
 * Several ports on one address, each with its own thread, main context and protocol. A group lets
 * one server use several processors.
 *
 * A factory creates the protocols, each in the thread that the protocol will run in. The system
 * distributes the datagrams among the ports (`SO_REUSEPORT`, `socket(7)`). The ports are started,
 * stopped and counted together.
 *
 * Write a protocol as for a single port: all calls of the protocol run in its own thread, and the
 * protocol writes through its own port. Protect data that the protocols of a group share with a
 * lock. Attach timers to the thread-default main context: g_timeout_add() would attach them to the
 * main context of the main thread.
 *
 * ```c
 * static void
 * echo (GudpxDatagramProtocol *protocol, GudpxDatagram *datagram)
 * {
 *   gsize size;
 *   const guint8 *payload = gudpx_datagram_get_payload (datagram, &size);
 *
 *   gudpx_datagram_reply (datagram, payload, size, NULL);
 * }
 *
 * static GudpxDatagramProtocol *
 * make_echo (GudpxPortGroup *group, guint index, gpointer user_data)
 * {
 *   GudpxDatagramProtocol *protocol = gudpx_datagram_protocol_new ();
 *
 *   g_signal_connect (protocol, "datagram-received", G_CALLBACK (echo), NULL);
 *   return protocol;
 * }
 *
 * static GudpxPortGroup *
 * start_echoes (GSocketAddress *address, GError **error)
 * {
 *   // One for each processor. Whoever gets the group has to keep it.
 *   g_autoptr (GudpxPortGroup) group = gudpx_port_group_new (0, address, make_echo, NULL, NULL);
 *
 *   return gudpx_port_group_start (group, error) ? g_steal_pointer (&group) : NULL;
 * }
 * ```
 *
 * ## Distribution of datagrams
 *
 * Linux selects the port by a hash of the addresses and port numbers of both sides. All datagrams
 * of one peer therefore arrive at the same port until the group is stopped. A small number of peers
 * may all arrive at one port; a large number is distributed evenly. Multicast and broadcast
 * datagrams arrive at every port: use a group for unicast.
 *
 * If [property@Gudpx.PortGroup:steer-by-cpu] is %TRUE, the processor that received a datagram
 * determines the port.
 *
 * A group does not start if another socket is bound to the address. Later, however, any socket of
 * the same user that shares its address, for example with [property@Gudpx.Port:reuse-port], can be
 * bound there and then receives a part of the datagrams.
 *
 * ## Threads
 *
 * Start and stop a group in one thread at a time, and never in the group's own threads, because the
 * calls wait for these threads. You may call [method@Gudpx.PortGroup.invoke] and
 * [method@Gudpx.PortGroup.get_statistics] in any thread, including the group's own.
 *
 * If you drop the last reference to a listening group, the group stops as well, but the call does
 * not wait for the threads. The last reference may therefore be dropped anywhere, for example by a
 * garbage collector or by a handler in one of the group's threads.
 *
 * JavaScript runs in one thread only: its programs cannot create protocols in other threads, so
 * [method@Gudpx.PortGroup.start] fails there. In Python only one thread at a time runs a handler.
 *
 * Since: 1.0
 */
struct _GudpxPortGroup
{
  GObject parent_instance;

  /* Configuration. */
  guint n_ports;
  GSocketAddress *requested_address;
  gboolean steer_by_cpu;
  GudpxProtocolFactory factory;
  gpointer user_data;
  GDestroyNotify destroy;

  gboolean listening;
  GSocketAddress *local_address;

  GMutex mutex; /* protects the fields below */
  GPtrArray *threads;
  GudpxStatistics past; /* sums of the threads that have ended */
};

G_DEFINE_FINAL_TYPE (GudpxPortGroup, gudpx_port_group, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_N_PORTS,
  PROP_LOCAL_ADDRESS,
  PROP_STEER_BY_CPU,
  PROP_LISTENING,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* Group of the current thread: start() and stop() must not run in the group's own threads. */
static GPrivate group_of_thread;

static gboolean
is_own_thread (GudpxPortGroup *self)
{
  return g_private_get (&group_of_thread) == self;
}

/* Arguments for opening a port in its thread. */
typedef struct
{
  GudpxPortGroup *group;
  guint index;
  GSocketAddress *address;
} GroupSlot;

static GudpxDatagramProtocol *
make_protocol (GudpxPortGroup *self, guint index, GError **error)
{
  g_autoptr (GudpxDatagramProtocol) protocol = self->factory (self, index, self->user_data);

  if (protocol == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 "Cannot start port %u of the group: the factory returned no protocol", index);
  else if (gudpx_datagram_protocol_get_transport (protocol) != NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 "Cannot start port %u of the group: its protocol already has a port", index);
  else
    return g_steal_pointer (&protocol);
  return NULL;
}

/* Fails if the protocol has stopped the port: the group would lack one of its ports. */
static gboolean
complete_port (GudpxPort *port, const GroupSlot *slot, GError **error)
{
  if (!gudpx_port_get_listening (port))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                   "Cannot start port %u of the group: its protocol stopped it", slot->index);
      return FALSE;
    }

  return slot->index > 0 || !slot->group->steer_by_cpu ||
         gudpx_steering_attach (gudpx_port_get_socket (port), slot->group->n_ports, error);
}

static GudpxPort *
open_port (gpointer data, GError **error)
{
  const GroupSlot *slot = data;
  g_autoptr (GudpxDatagramProtocol) protocol = NULL;
  g_autoptr (GudpxPort) port = NULL;

  g_private_set (&group_of_thread, slot->group);
  protocol = make_protocol (slot->group, slot->index, error);
  if (protocol == NULL)
    return NULL;

  port = g_object_new (GUDPX_TYPE_PORT, "protocol", protocol, "local-address", slot->address,
                       "reuse-port", TRUE, NULL);
  if (!gudpx_port_start_listening (port, error))
    return NULL;
  if (!complete_port (port, slot, error))
    {
      gudpx_port_stop_listening (port);
      return NULL;
    }
  return g_steal_pointer (&port);
}

static gboolean
start_thread (GudpxPortGroup *self, guint index, GSocketAddress *address, GError **error)
{
  GroupSlot slot = { self, index, address };
  g_autofree char *name = g_strdup_printf ("gudpx-port-%u", index);
  GudpxPortThread *thread = gudpx_port_thread_start (name, open_port, &slot, error);

  if (thread == NULL)
    return FALSE;

  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->threads, thread);
  g_mutex_unlock (&self->mutex);
  return TRUE;
}

/* Adds the counters of the running threads to @sum. Call this with the mutex locked. */
static void
add_statistics_of_threads (GudpxPortGroup *self, GudpxStatistics *sum)
{
  for (guint i = 0; i < self->threads->len; i++)
    {
      GudpxStatistics statistics;

      gudpx_port_thread_get_statistics (self->threads->pdata[i], &statistics);
      gudpx_statistics_add (sum, &statistics);
    }
}

/* Ends all threads. All of them are told first, so that they end at the same time. The mutex is not
 * locked during the wait, because handlers in the threads may read the statistics. */
static void
end_threads (GudpxPortGroup *self)
{
  for (guint i = 0; i < self->threads->len; i++)
    gudpx_port_thread_quit (self->threads->pdata[i]);
  for (guint i = 0; i < self->threads->len; i++)
    gudpx_port_thread_join (self->threads->pdata[i]);

  g_mutex_lock (&self->mutex);
  add_statistics_of_threads (self, &self->past);
  g_ptr_array_set_size (self->threads, 0);
  g_mutex_unlock (&self->mutex);
}

static gboolean
start_threads (GudpxPortGroup *self, GSocketAddress *address, GError **error)
{
  for (guint i = 0; i < self->n_ports; i++)
    {
      if (!start_thread (self, i, address, error))
        {
          end_threads (self);
          return FALSE;
        }
    }
  return TRUE;
}

static gboolean
get_requested_address (GudpxPortGroup *self, GudpxNativeAddress *native, GError **error)
{
  GSocketFamily family = G_SOCKET_FAMILY_IPV4;

  if (self->requested_address != NULL)
    family = g_socket_address_get_family (self->requested_address);
  if (family != G_SOCKET_FAMILY_IPV4 && family != G_SOCKET_FAMILY_IPV6)
    {
      g_autofree char *description = gudpx_address_describe (self->requested_address);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "Cannot listen on %s with a group: it is not an IP address", description);
      return FALSE;
    }

  return gudpx_address_to_bind (self->requested_address, native, error);
}

/* Returns the address with its port number, or NULL with an error if a socket is bound there. The
 * ports themselves cannot detect this: with SO_REUSEPORT they share the address with sockets of all
 * programs of the same user. For number 0 the kernel may even choose a number that is shared
 * already. */
static GSocketAddress *
find_address (GudpxPortGroup *self, GError **error)
{
  const GudpxBindOptions alone = { 0 };
  GudpxNativeAddress address;
  g_autoptr (GSocket) probe = NULL;

  if (!get_requested_address (self, &address, error))
    return NULL;

  probe = gudpx_socket_open (gudpx_native_address_get_family (&address), &alone, error);
  if (probe == NULL || !gudpx_socket_bind (probe, &address, error) ||
      !gudpx_socket_get_local (probe, &address, error))
    return NULL;

  return gudpx_native_address_to_object (&address);
}

static void
set_listening (GudpxPortGroup *self, gboolean listening, GSocketAddress *local_address)
{
  GObject *object = G_OBJECT (self);
  GSocketAddress *bound = listening ? local_address : self->local_address;

  /* A handler of a notification may start or stop the group again. */
  g_object_freeze_notify (object);
  if (!gudpx_address_equal (bound, self->requested_address))
    g_object_notify_by_pspec (object, properties[PROP_LOCAL_ADDRESS]);
  g_set_object (&self->local_address, local_address);
  self->listening = listening;
  g_object_notify_by_pspec (object, properties[PROP_LISTENING]);
  g_object_thaw_notify (object);
}

static void
gudpx_port_group_dispose (GObject *object)
{
  GudpxPortGroup *self = GUDPX_PORT_GROUP (object);

  for (guint i = 0; i < self->threads->len; i++)
    gudpx_port_thread_quit (self->threads->pdata[i]);
  g_ptr_array_set_size (self->threads, 0);

  G_OBJECT_CLASS (gudpx_port_group_parent_class)->dispose (object);
}

static void
gudpx_port_group_finalize (GObject *object)
{
  GudpxPortGroup *self = GUDPX_PORT_GROUP (object);

  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_ptr_array_unref (self->threads);
  g_clear_object (&self->requested_address);
  g_clear_object (&self->local_address);
  g_mutex_clear (&self->mutex);

  G_OBJECT_CLASS (gudpx_port_group_parent_class)->finalize (object);
}

static void
gudpx_port_group_get_property (GObject *object, guint property_id, GValue *value, GParamSpec *pspec)
{
  GudpxPortGroup *self = GUDPX_PORT_GROUP (object);

  switch (property_id)
    {
    case PROP_N_PORTS:
      g_value_set_uint (value, self->n_ports);
      break;
    case PROP_LOCAL_ADDRESS:
      g_value_set_object (value, gudpx_port_group_get_local_address (self));
      break;
    case PROP_STEER_BY_CPU:
      g_value_set_boolean (value, self->steer_by_cpu);
      break;
    case PROP_LISTENING:
      g_value_set_boolean (value, self->listening);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
gudpx_port_group_set_property (GObject *object,
                               guint property_id,
                               const GValue *value,
                               GParamSpec *pspec)
{
  GudpxPortGroup *self = GUDPX_PORT_GROUP (object);

  switch (property_id)
    {
    case PROP_N_PORTS:
      self->n_ports = g_value_get_uint (value);
      if (self->n_ports == 0)
        self->n_ports = g_get_num_processors ();
      break;
    case PROP_LOCAL_ADDRESS:
      self->requested_address = g_value_dup_object (value);
      break;
    case PROP_STEER_BY_CPU:
      gudpx_port_group_set_steer_by_cpu (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
gudpx_port_group_class_init (GudpxPortGroupClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags read = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags construct = read | G_PARAM_WRITABLE | G_PARAM_CONSTRUCT_ONLY;

  object_class->dispose = gudpx_port_group_dispose;
  object_class->finalize = gudpx_port_group_finalize;
  object_class->get_property = gudpx_port_group_get_property;
  object_class->set_property = gudpx_port_group_set_property;

  /**
   * GudpxPortGroup:n-ports: (getter get_n_ports)
   *
   * The number of ports, and of threads. If you set 0, the property becomes the number of
   * processors that the process may use.
   *
   * Since: 1.0
   */
  properties[PROP_N_PORTS] =
      g_param_spec_uint ("n-ports", NULL, NULL, 0, G_MAXUINT16, 0, construct);

  /**
   * GudpxPortGroup:local-address: (getter get_local_address)
   *
   * The address to bind. While the group is listening: the address that is bound, with the real
   * port number. %NULL selects any IPv4 address and any free port number.
   *
   * Since: 1.0
   */
  properties[PROP_LOCAL_ADDRESS] = g_param_spec_object ("local-address", NULL, NULL,
                                                        G_TYPE_SOCKET_ADDRESS, construct);

  /**
   * GudpxPortGroup:steer-by-cpu: (getter get_steer_by_cpu) (setter set_steer_by_cpu)
   *
   * Lets the processor that received a datagram determine the port: the number of the processor
   * modulo the number of ports (`SO_ATTACH_REUSEPORT_CBPF`, Linux). A change takes effect at the
   * next start.
   *
   * The property is useful if two conditions hold. The network card (RSS) or the kernel (RPS)
   * distributes received datagrams over the processors. Thread *i* is bound to processor *i*, for
   * example by the factory. A datagram then stays on the processor whose cache holds it.
   *
   * If one processor receives all datagrams, one port receives all of them. The datagrams of a peer
   * arrive at the same port as long as the card or the kernel keeps them on one processor.
   *
   * Since: 1.0
   */
  properties[PROP_STEER_BY_CPU] = g_param_spec_boolean ("steer-by-cpu", NULL, NULL, FALSE,
                                                        read | G_PARAM_WRITABLE);

  /**
   * GudpxPortGroup:listening: (getter get_listening)
   *
   * %TRUE if the group is started.
   *
   * Since: 1.0
   */
  properties[PROP_LISTENING] = g_param_spec_boolean ("listening", NULL, NULL, FALSE, read);

  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
gudpx_port_group_init (GudpxPortGroup *self)
{
  g_mutex_init (&self->mutex);
  self->threads = g_ptr_array_new_with_free_func ((GDestroyNotify) gudpx_port_thread_unref);
}

/**
 * gudpx_port_group_new:
 * @n_ports: the number of ports, 1 to 65535; 0: the number of processors that the process may use
 * @local_address: (nullable): the IPv4 or IPv6 address to bind; %NULL: any IPv4 address and any
 *   free port number
 * @factory: (scope notified): creates the protocol of each port
 * @user_data: the data to pass to @factory
 * @destroy: called when @factory is no longer needed
 *
 * Creates a group that is not started. Its ports are created when the group starts.
 *
 * Returns: (transfer full): a new group
 *
 * Since: 1.0
 */
GudpxPortGroup *
gudpx_port_group_new (guint n_ports,
                      GSocketAddress *local_address,
                      GudpxProtocolFactory factory,
                      gpointer user_data,
                      GDestroyNotify destroy)
{
  GudpxPortGroup *self;

  g_return_val_if_fail (n_ports <= G_MAXUINT16, NULL);
  g_return_val_if_fail (local_address == NULL || G_IS_SOCKET_ADDRESS (local_address), NULL);
  g_return_val_if_fail (factory != NULL, NULL);

  self = g_object_new (GUDPX_TYPE_PORT_GROUP, "n-ports", n_ports, "local-address", local_address,
                       NULL);
  self->factory = factory;
  self->user_data = user_data;
  self->destroy = destroy;
  return self;
}

static gboolean
check_can_start (GudpxPortGroup *self, GError **error)
{
  if (self->threads->len > 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                         "Cannot start the group: it is already listening");
  else if (self->factory == NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         "Cannot start the group: it has no factory for protocols");
  else
    return TRUE;
  return FALSE;
}

/**
 * gudpx_port_group_start:
 * @self: a stopped group
 * @error: return location for an error
 *
 * Starts the threads one after the other. Each thread creates its protocol and starts its port, see
 * [method@Gudpx.Port.start_listening], before the next thread starts. When the call returns, all
 * ports are listening on the same port number, even if any free number was requested.
 *
 * If one thread fails, the threads that were started before it are stopped again: their protocols
 * have seen a start and a stop. A stopped group can be started again, with new ports and protocols.
 *
 * Errors, in the domain %G_IO_ERROR:
 *
 * - the errors of [method@Gudpx.Port.start_listening]
 * - %G_IO_ERROR_ADDRESS_IN_USE: another socket uses the address, also if this is a group or a port
 *   that shares its address
 * - %G_IO_ERROR_EXISTS: the group is listening
 * - %G_IO_ERROR_NOT_SUPPORTED: the address is neither IPv4 nor IPv6, or the system does not support
 *   [property@Gudpx.PortGroup:steer-by-cpu], which may also fail with other errors of the system
 * - %G_IO_ERROR_FAILED: the factory returned no protocol, or the system cannot create a thread
 * - %G_IO_ERROR_INVALID_ARGUMENT: the protocol already has a port
 * - %G_IO_ERROR_CLOSED: a protocol stopped its port when the port was started
 *
 * Returns: %TRUE if the group is listening
 *
 * Since: 1.0
 */
gboolean
gudpx_port_group_start (GudpxPortGroup *self, GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;

  g_return_val_if_fail (GUDPX_IS_PORT_GROUP (self), FALSE);
  g_return_val_if_fail (!is_own_thread (self), FALSE);

  if (!check_can_start (self, error))
    return FALSE;

  address = find_address (self, error);
  if (address == NULL || !start_threads (self, address, error))
    return FALSE;

  set_listening (self, TRUE, address);
  return TRUE;
}

/**
 * gudpx_port_group_stop:
 * @self: a group
 *
 * Stops all ports immediately, like [method@Gudpx.Port.stop_listening], and waits for the threads
 * to end. After the call returns, the protocols of the group are no longer called. Each thread
 * drops its port and protocol itself.
 *
 * Functions passed to [method@Gudpx.PortGroup.invoke] before this call run first. The call waits
 * for handlers that are running, so the caller must not hold a lock that they need. On a stopped
 * group this function does nothing. Do not call it in one of the group's own threads.
 *
 * Since: 1.0
 */
void
gudpx_port_group_stop (GudpxPortGroup *self)
{
  g_return_if_fail (GUDPX_IS_PORT_GROUP (self));
  g_return_if_fail (!is_own_thread (self));

  if (!self->listening)
    return;

  end_threads (self);
  set_listening (self, FALSE, NULL);
}

static GudpxPortThread *
ref_thread (GudpxPortGroup *self, guint index)
{
  GudpxPortThread *thread = NULL;

  g_mutex_lock (&self->mutex);
  if (index < self->threads->len)
    thread = gudpx_port_thread_ref (self->threads->pdata[index]);
  g_mutex_unlock (&self->mutex);
  return thread;
}

/**
 * gudpx_port_group_invoke:
 * @self: a group
 * @index: the number of the port, counted from 0
 * @func: (scope notified): the function to call with the port
 * @user_data: the data to pass to @func
 * @destroy: called when @func is no longer needed
 *
 * Calls @func in the thread of one of the ports, from its main loop and before other pending work
 * there. Use this function to write through a port from another thread, or to inspect a protocol.
 *
 * You may call this function in any thread. It returns immediately. The functions for a port run in
 * the order of the calls, and all of them run before the group is stopped. @destroy is called after
 * @func, in the same thread. If the group is not listening or is being stopped, @func is not
 * called, and @destroy is called immediately.
 *
 * Returns: %TRUE if @func will be called
 *
 * Since: 1.0
 */
gboolean
gudpx_port_group_invoke (GudpxPortGroup *self,
                         guint index,
                         GudpxPortFunc func,
                         gpointer user_data,
                         GDestroyNotify destroy)
{
  g_autoptr (GudpxPortThread) thread = NULL;

  g_return_val_if_fail (GUDPX_IS_PORT_GROUP (self), FALSE);
  g_return_val_if_fail (index < self->n_ports, FALSE);
  g_return_val_if_fail (func != NULL, FALSE);

  thread = ref_thread (self, index);
  if (thread != NULL && gudpx_port_thread_invoke (thread, func, user_data, destroy))
    return TRUE;

  if (destroy != NULL)
    destroy (user_data);
  return FALSE;
}

/**
 * gudpx_port_group_get_statistics:
 * @self: a group
 *
 * Returns the sums of the counters of all ports since the group was created, including earlier
 * starts. The peak of the send queue is the highest value of a single port.
 *
 * You may call this function in any thread. It does not wait: each port publishes its counters
 * after each iteration of its main loop, so the numbers are at most one batch of datagrams old.
 * After [method@Gudpx.PortGroup.stop] they are complete.
 *
 * Returns: (transfer full): a snapshot
 *
 * Since: 1.0
 */
GudpxStatistics *
gudpx_port_group_get_statistics (GudpxPortGroup *self)
{
  GudpxStatistics sum;

  g_return_val_if_fail (GUDPX_IS_PORT_GROUP (self), NULL);

  g_mutex_lock (&self->mutex);
  sum = self->past;
  add_statistics_of_threads (self, &sum);
  g_mutex_unlock (&self->mutex);

  return gudpx_statistics_copy (&sum);
}

/**
 * gudpx_port_group_get_n_ports: (get-property n-ports)
 * @self: a group
 *
 * See [property@Gudpx.PortGroup:n-ports].
 *
 * Returns: the number of ports
 *
 * Since: 1.0
 */
guint
gudpx_port_group_get_n_ports (GudpxPortGroup *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT_GROUP (self), 0);

  return self->n_ports;
}

/**
 * gudpx_port_group_get_local_address: (get-property local-address)
 * @self: a group
 *
 * Returns the address that is bound, with the real port number. While the group is not listening,
 * returns the requested address.
 *
 * Returns: (transfer none) (nullable): the address; %NULL if none was requested and the group is
 *   not listening
 *
 * Since: 1.0
 */
GSocketAddress *
gudpx_port_group_get_local_address (GudpxPortGroup *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT_GROUP (self), NULL);

  return self->local_address != NULL ? self->local_address : self->requested_address;
}

/**
 * gudpx_port_group_get_steer_by_cpu: (get-property steer-by-cpu)
 * @self: a group
 *
 * See [property@Gudpx.PortGroup:steer-by-cpu].
 *
 * Returns: %TRUE if the processor determines the port
 *
 * Since: 1.0
 */
gboolean
gudpx_port_group_get_steer_by_cpu (GudpxPortGroup *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT_GROUP (self), FALSE);

  return self->steer_by_cpu;
}

/**
 * gudpx_port_group_set_steer_by_cpu: (set-property steer-by-cpu)
 * @self: a group
 * @steer_by_cpu: %TRUE to let the processor determine the port
 *
 * Sets [property@Gudpx.PortGroup:steer-by-cpu] for the next start. The start fails if the system
 * does not allow it.
 *
 * Since: 1.0
 */
void
gudpx_port_group_set_steer_by_cpu (GudpxPortGroup *self, gboolean steer_by_cpu)
{
  g_return_if_fail (GUDPX_IS_PORT_GROUP (self));

  steer_by_cpu = !!steer_by_cpu;
  if (self->steer_by_cpu == steer_by_cpu)
    return;

  self->steer_by_cpu = steer_by_cpu;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STEER_BY_CPU]);
}

/**
 * gudpx_port_group_get_listening: (get-property listening)
 * @self: a group
 *
 * See [property@Gudpx.PortGroup:listening].
 *
 * Returns: %TRUE if the group is started
 *
 * Since: 1.0
 */
gboolean
gudpx_port_group_get_listening (GudpxPortGroup *self)
{
  g_return_val_if_fail (GUDPX_IS_PORT_GROUP (self), FALSE);

  return self->listening;
}
