// SPDX-License-Identifier: LGPL-2.1-or-later

// TypeScript declarations of Gudpx in GJS, with the override. They need declarations of GLib, Gio
// and GObject, such as the npm packages @girs/gjs and @girs/gio-2.0.
//
// Gudpx.PortGroup is left out: it calls its factory in other threads, which GJS does not allow.

declare module 'gi://Gudpx?version=1' {
    import Gio from 'gi://Gio?version=2.0';
    import GLib from 'gi://GLib?version=2.0';
    import GObject from 'gi://GObject?version=2.0';

    export default Gudpx;

    namespace Gudpx {
        /** The payload of a datagram. A string is sent as UTF-8. */
        type Payload = string | ArrayBuffer | ArrayBufferView | GLib.Bytes | number[];

        /** An IP address as text, with its scope id if it has one, and a port number. */
        interface Endpoint {
            readonly host: string;
            readonly port: number;
        }

        /**
         * A socket address. A string is the path of a UNIX socket; an abstract name begins with a
         * zero byte.
         */
        type Address = Endpoint | Gio.SocketAddress | string;

        /**
         * The form in which the override passes an address: `{host, port}`, or the path of a UNIX
         * socket. If the path is not valid UTF-8, the address itself.
         */
        type Sender = Endpoint | string | Gio.UnixSocketAddress;

        type Ready<Source> = (source: Source, result: Gio.AsyncResult) => void;

        /** Resolves a host name to one address. */
        function resolve(host: string, cancellable?: Gio.Cancellable | null): Promise<string>;

        interface ResolveOptions {
            family?: Gio.SocketFamily;
            timeoutMs?: number;
            cancellable?: Gio.Cancellable | null;
        }

        /** Resolves a host name to all its addresses, in the order of the system's preference. */
        function resolveAll(host: string, options?: ResolveOptions): Promise<string[]>;

        /** A datagram: its payload, its sender or destination, and the metadata from the kernel. */
        class Datagram extends GObject.Object {
            readonly destination: Gio.SocketAddress | null;
            readonly ecn: number;
            readonly hop_limit: number;
            readonly hopLimit: number;
            readonly interface_index: number;
            readonly interfaceIndex: number;
            readonly original_size: number;
            readonly originalSize: number;
            readonly sender: Gio.SocketAddress | null;
            readonly timestamp: number;
            readonly traffic_class: number;
            readonly trafficClass: number;
            readonly transport: Port | null;
            readonly truncated: boolean;
            /** Creates a datagram for `write_datagrams`. */
            static new(payload: Payload, destination?: Address | null): Datagram;
            /**
             * Creates a datagram for `write_datagrams` that overrides options of the port (`ip(7)`,
             * `ipv6(7)`, RFC 3542). If the system rejects a value, sending the datagram fails. UNIX
             * sockets ignore these values.
             */
            static new_full(payload: Payload, destination?: Address | null,
                source?: Gio.InetAddress | null, interfaceIndex?: number, hopLimit?: number,
                trafficClass?: number): Datagram;
            /** Copies the payload. */
            dup_bytes(): GLib.Bytes;
            /**
             * Copies the payload as a string; `null` if the payload is not valid UTF-8 or contains
             * a zero byte.
             */
            dup_text(): string | null;
            /**
             * Returns the address that the datagram was sent to. On a port that is bound to any
             * address this is the address of the machine, or the group. For a datagram made with
             * `new`: the address to send it to.
             */
            get_destination(): Gio.SocketAddress | null;
            /** Returns the received bits of explicit congestion notification (RFC 3168). */
            get_ecn(): number;
            /** Returns the received hop limit; IPv4 calls it time to live. */
            get_hop_limit(): number;
            /**
             * Returns the index of the interface that received the datagram, see
             * `if_indextoname(3)`.
             */
            get_interface_index(): number;
            /** Returns the size of the payload when it was sent. */
            get_original_size(): number;
            /**
             * Returns the payload: `bytes` in Python, a `Uint8Array` in JavaScript. The payload of
             * an empty datagram is empty.
             */
            get_payload(): Uint8Array;
            /**
             * Returns the address of the sender. On a dual-stack port IPv4 senders have IPv4
             * addresses; link-local addresses contain their scope id. Addresses compare by pointer:
             * see `address_equal`.
             */
            get_sender(): Gio.SocketAddress | null;
            /**
             * Returns the time at which the kernel received the datagram. The unit and the clock
             * are those of `get_real_time`.
             */
            get_timestamp(): number;
            /**
             * Returns the whole octet of the received traffic class (IPv4: type of service): DSCP
             * in the upper six bits (RFC 2474), ECN in the lower two.
             */
            get_traffic_class(): number;
            /**
             * Returns the port that received the datagram. A datagram does not keep its port alive.
             */
            get_transport(): Port | null;
            /**
             * Returns `true` if the datagram was longer than `max-packet-size`, so that its end is
             * lost.
             */
            get_truncated(): boolean;
            /**
             * Writes a datagram to the sender of this datagram, through the port that received it.
             * If `metadata` includes the destination, the reply is sent from the address that
             * `self` was sent to.
             */
            reply(payload: Payload): boolean;

            /** The payload, as returned by `get_payload()`. */
            readonly payload: Uint8Array;
            /**
             * The payload as text; `null` if the payload is not valid UTF-8 or contains a zero
             * byte.
             */
            readonly text: string | null;
            /** The address of the sender. */
            readonly senderEndpoint: Sender | null;
            /** The address that the datagram was sent to, or the address to send it to. */
            readonly destinationEndpoint: Sender | null;

            // Camel-case names of these functions.
            static readonly newFull: typeof Datagram.new_full;
            readonly dupBytes: Datagram['dup_bytes'];
            readonly dupText: Datagram['dup_text'];
            readonly getDestination: Datagram['get_destination'];
            readonly getEcn: Datagram['get_ecn'];
            readonly getHopLimit: Datagram['get_hop_limit'];
            readonly getInterfaceIndex: Datagram['get_interface_index'];
            readonly getOriginalSize: Datagram['get_original_size'];
            readonly getPayload: Datagram['get_payload'];
            readonly getSender: Datagram['get_sender'];
            readonly getTimestamp: Datagram['get_timestamp'];
            readonly getTrafficClass: Datagram['get_traffic_class'];
            readonly getTransport: Datagram['get_transport'];
            readonly getTruncated: Datagram['get_truncated'];
        }

        /** The part of an application that handles datagrams: Twisted's `DatagramProtocol`. */
        class DatagramProtocol extends GObject.Object {
            /** The port that was attached last and is still attached; `null` if there is none. */
            readonly transport: Port | null;
            /** Creates a plain protocol: connect to its signals. */
            static new(): DatagramProtocol;
            /** Returns the port that was attached last and is still attached. */
            get_transport(): Port | null;
            vfunc_connection_refused(port: Port): void;
            vfunc_datagram_received(datagram: Datagram): void;
            /**
             * Called when a batch of datagrams has arrived. By default calls `datagram_received`
             * and emits `datagram-received` for each. Override it to handle a whole batch in one
             * call. An override always accepts the whole batch, even if it stops or pauses the
             * port.
             */
            vfunc_datagrams_received(datagrams: Datagram[]): void;
            vfunc_error_received(port: Port, error: GLib.Error,
                destination: Gio.SocketAddress | null): void;
            /**
             * Called when a batch of datagrams has arrived, in a form that crosses into another
             * language in one call. This function is for language bindings. `get_peer` returns the
             * address for a sender's number; 0 is a sender without a name. Answer with
             * `write_packed`.
             */
            vfunc_packed_received(port: Port, payloads: Uint8Array, index: Uint8Array): number;
            vfunc_started(): void;
            vfunc_stopped(): void;
            vfunc_writable(port: Port): void;
            connect(signal: 'connection-refused', callback: (protocol: this,
                port: Port) => void): number;
            connect(signal: 'datagram-received', callback: (protocol: this,
                datagram: Datagram) => void): number;
            connect(signal: 'error-received', callback: (protocol: this, port: Port,
                error: GLib.Error, destination: Gio.SocketAddress | null) => void): number;
            connect(signal: 'started', callback: (protocol: this) => void): number;
            connect(signal: 'stopped', callback: (protocol: this) => void): number;
            connect(signal: 'writable', callback: (protocol: this, port: Port) => void): number;
            connect(signal: string, callback: (...args: any[]) => any): number;

            /**
             * The hook of Twisted: a class that defines it gets bytes and `{host, port}` instead of
             * a datagram. The same peer always has the same, frozen object. The hook may be
             * asynchronous; the next datagram does not wait for it.
             */
            datagramReceived(data: Uint8Array, sender: Sender | null): void | Promise<void>;

            // Camel-case names of these functions.
            readonly getTransport: DatagramProtocol['get_transport'];
        }

        /**
         * Details that the system has about an asynchronous error, in addition to the arguments of
         * `error-received`. See `dup_error_details`.
         */
        interface ErrorDetails {
            /** the error number of the system, see `errno(3)` */
            readonly error_number: number;
            /** `true` if the error came with an ICMP message; the next two fields are then valid */
            readonly is_icmp: boolean;
            /** the type of the ICMP message: RFC 792, for IPv6 RFC 4443 */
            readonly icmp_type: number;
            /** the code of the ICMP message */
            readonly icmp_code: number;
            /** the sender of the ICMP message: a router or the destination; `null` if unknown */
            readonly offender: Gio.SocketAddress | null;
            /** Copies the details. */
            copy(): ErrorDetails;
        }

        /** The major version of the headers, 1 in 1.2.3. */
        const MAJOR_VERSION: number;
        /** The micro version of the headers, 3 in 1.2.3. */
        const MICRO_VERSION: number;
        /** The minor version of the headers, 2 in 1.2.3. */
        const MINOR_VERSION: number;
        /** Metadata that the kernel delivers with each datagram, see `metadata`. */
        enum MetadataFlags {
            /** nothing but payload and sender */
            NONE = 0,
            /** the address that the datagram was sent to, and the interface that received it */
            DESTINATION = 1,
            /** the time at which the kernel received the datagram */
            TIMESTAMP = 2,
            /** the received hop limit (IPv4: TTL) */
            HOP_LIMIT = 4,
            /** the received DSCP and ECN bits */
            TRAFFIC_CLASS = 8,
        }

        type CamelCase<Name extends string> = Name extends `${infer First}_${infer Rest}`
            ? `${First}${Capitalize<CamelCase<Rest>>}` : Name;
        type CamelCased<Type> = {[Name in keyof Type as CamelCase<Name & string>]: Type[Name]};

        interface PortProperties {
            bind_device: string | null;
            broadcast_allowed: boolean;
            busy_poll: number;
            coalesce_writes: boolean;
            dont_fragment: boolean;
            dscp: number;
            ipv6_only: boolean;
            listen_multiple: boolean;
            local_address: Address | null;
            max_pacing_rate: number;
            max_packet_size: number;
            metadata: MetadataFlags;
            multicast_interface: string | null;
            multicast_loopback: boolean;
            multicast_ttl: number;
            priority: number;
            protocol: DatagramProtocol;
            reading: boolean;
            receive_buffer_size: number;
            report_errors: boolean;
            reuse_port: boolean;
            send_buffer_size: number;
            send_queue_limit: number;
            send_queue_policy: QueuePolicy;
            ttl: number;
        }

        /** A datagram socket on one main context: Twisted's `udp.Port`. */
        class Port extends GObject.Object {
            /**
             * The name of the only network interface to use (`SO_BINDTODEVICE`, Linux); `null`: all
             * interfaces.
             */
            readonly bind_device: string | null;
            readonly bindDevice: string | null;
            /** Allows writing to broadcast addresses (`SO_BROADCAST`). */
            broadcast_allowed: boolean;
            broadcastAllowed: boolean;
            /**
             * Microseconds, 0 to 1000, for which the port reads the socket again after delivery,
             * before it returns to the main loop. This is cheaper than a main loop that sleeps and
             * wakes. After a failed attempt the port skips busy polling for some time. 0: never.
             */
            busy_poll: number;
            busyPoll: number;
            /**
             * Queues datagrams that a handler writes until the dispatch ends, so that few system
             * calls send them. Datagrams of equal size to one destination that are sent together
             * become one message, which the kernel segments again (`UDP_SEGMENT`, `udp(7)`). The
             * receiver sees no difference.
             *
             * If `false`, each datagram is sent when it is written, and the write fails with the
             * error of the kernel.
             */
            coalesce_writes: boolean;
            coalesceWrites: boolean;
            /**
             * Rejects datagrams that do not fit into a packet of the path with
             * `G_IO_ERROR_MESSAGE_TOO_LARGE` instead of sending fragments (`IP_MTU_DISCOVER`,
             * `ip(7)`; Linux).
             */
            dont_fragment: boolean;
            dontFragment: boolean;
            /** The differentiated services code point of sent datagrams (RFC 2474), 0 to 63. */
            dscp: number;
            /**
             * Restricts a port that is bound to IPv6 to IPv6, without IPv4 (`IPV6_V6ONLY`, RFC
             * 3493).
             */
            readonly ipv6_only: boolean;
            readonly ipv6Only: boolean;
            /**
             * Lets several sockets of the machine bind the address; each gets a copy of broadcasts,
             * and of multicasts to its groups (`SO_REUSEADDR`, and `SO_REUSEPORT` on systems other
             * than Linux). All of these sockets must set the option.
             */
            readonly listen_multiple: boolean;
            readonly listenMultiple: boolean;
            /**
             * `true` if the port is started: it can be written to, and receives unless it is
             * paused.
             */
            readonly listening: boolean;
            /**
             * The address to bind; while the port is open, the bound address with the real port
             * number. It can be set while the port is stopped; `null`: any IPv4 address and any
             * free number.
             */
            get local_address(): Gio.SocketAddress | null;
            set local_address(address: Address | null);
            get localAddress(): Gio.SocketAddress | null;
            set localAddress(address: Address | null);
            /**
             * The maximum number of bytes to send per second; `G_MAXUINT`: no limit
             * (`SO_MAX_PACING_RATE`, `socket(7)`). The limit works on interfaces whose queueing
             * discipline supports pacing: `tc-fq(8)`.
             */
            max_pacing_rate: number;
            maxPacingRate: number;
            /**
             * The number of bytes to keep of a received datagram, 1 to 1048576. The default keeps
             * every UDP datagram whole; UNIX datagrams can be longer.
             */
            max_packet_size: number;
            maxPacketSize: number;
            /** Metadata that the kernel delivers with each datagram. */
            metadata: MetadataFlags;
            /**
             * The network interface that multicast datagrams are sent through: its name, or an
             * address that it has; `null`: the system's choice.
             */
            multicast_interface: string | null;
            multicastInterface: string | null;
            /**
             * Delivers sent multicast datagrams also to the members of the group on this machine.
             */
            multicast_loopback: boolean;
            multicastLoopback: boolean;
            /**
             * The time to live of multicast datagrams, 0 to 255: 0 stays on the machine, 1 on the
             * link.
             */
            multicast_ttl: number;
            multicastTtl: number;
            /**
             * The path MTU to the peer that the kernel knows, in bytes with all headers (RFC 1191,
             * RFC 8201); 0 if the port is not connected or the system does not report it. The
             * property is notified when a router reports a narrower path.
             */
            readonly path_mtu: number;
            readonly pathMtu: number;
            /** The peer that the port is connected to; `null` if it is not connected. */
            readonly peer_address: Gio.SocketAddress | null;
            readonly peerAddress: Gio.SocketAddress | null;
            /**
             * The priority in the main context, such as `G_PRIORITY_DEFAULT`. If all other sources
             * run at `G_PRIORITY_DEFAULT_IDLE`, a busy port should run at this priority too.
             */
            priority: number;
            /** The protocol that the port calls. */
            readonly protocol: DatagramProtocol | null;
            /**
             * Receives datagrams. While `false`, the kernel queues datagrams until its buffer is
             * full. Writing and error reports continue.
             */
            reading: boolean;
            /**
             * The size of the kernel's buffer for received datagrams, in bytes (`SO_RCVBUF`). The
             * system may grant less than requested: while the port is open, this is the granted
             * size. 0: the system's choice.
             */
            receive_buffer_size: number;
            receiveBufferSize: number;
            /**
             * Makes a port without a peer, too, report network errors of sent datagrams with
             * `error-received`, including refusals (`IP_RECVERR`, `ip(7)`; Linux, not with
             * GSocket's own calls).
             */
            report_errors: boolean;
            reportErrors: boolean;
            /**
             * Lets several sockets of the same user bind the address; the kernel distributes the
             * datagrams among them (`SO_REUSEPORT`). All of these sockets must set the option.
             */
            readonly reuse_port: boolean;
            readonly reusePort: boolean;
            /**
             * The size of the kernel's buffer for datagrams to send, in bytes (`SO_SNDBUF`). The
             * system may grant less than requested: while the port is open, this is the granted
             * size. 0: the system's choice.
             */
            send_buffer_size: number;
            sendBufferSize: number;
            /**
             * The maximum size of the send queue in bytes, counted like `send-queue-size`. 0:
             * nothing is queued.
             */
            send_queue_limit: number;
            sendQueueLimit: number;
            /** The treatment of a datagram that does not fit into the send queue. */
            send_queue_policy: QueuePolicy;
            sendQueuePolicy: QueuePolicy;
            /**
             * The size of the send queue in bytes: the payloads, and for each datagram the cost of
             * keeping it.
             */
            readonly send_queue_size: number;
            readonly sendQueueSize: number;
            /**
             * The socket, for options without a property; `null` if there is none. Only the port
             * may read from the socket or close it.
             */
            readonly socket: Gio.Socket | null;
            /**
             * The time to live of unicast datagrams, which IPv6 calls hop limit, 1 to 255. The
             * default is the system's choice.
             */
            ttl: number;
            /**
             * Creates a port that is not started yet: set its options, then call `start_listening`.
             */
            static new(protocol: DatagramProtocol, localAddress?: Address | null): Port;
            /**
             * Connects the port to `host`, like `connect_peer_address`. A host name fails with
             * `G_IO_ERROR_INVALID_ARGUMENT`: resolve it first, with `resolve_async`.
             */
            connect_peer(host: string, port: number): boolean;
            connect_peer(address: Address): boolean;
            /**
             * Connects the port to a peer. From now on only datagrams from `address` arrive; this
             * also applies to datagrams that wait in the kernel. `write` sends to the peer, and
             * `connection-refused` is emitted if no program listens there. Connecting neither sends
             * nor waits. A connected port can be connected to another peer, and keeps its number.
             */
            connect_peer_address(address: Address): boolean;
            /**
             * Disconnects the port from its peer. The port receives from all senders again, and
             * keeps its number. Does nothing if the port is not connected.
             */
            disconnect_peer(): boolean;
            /**
             * Returns the system's details of the error that is being reported. Call this in
             * handlers of `error-received` and `connection-refused`.
             */
            dup_error_details(): ErrorDetails | null;
            /**
             * Waits until the kernel has accepted or rejected every datagram that was written
             * before. Cancelling ends only the wait.
             */
            flush_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
            flush_async(cancellable: Gio.Cancellable | null, callback: Ready<Port>): void;
            /**
             * Finishes `flush_async`. The errors are `G_IO_ERROR_CLOSED`, if the port was stopped
             * before, and `G_IO_ERROR_CANCELLED`.
             */
            flush_finish(result: Gio.AsyncResult): boolean;
            get_bind_device(): string | null;
            get_broadcast_allowed(): boolean;
            get_busy_poll(): number;
            get_coalesce_writes(): boolean;
            get_dont_fragment(): boolean;
            get_dscp(): number;
            get_ipv6_only(): boolean;
            get_listen_multiple(): boolean;
            get_listening(): boolean;
            get_local_address(): Gio.SocketAddress | null;
            get_max_pacing_rate(): number;
            get_max_packet_size(): number;
            get_metadata(): MetadataFlags;
            get_multicast_interface(): string | null;
            get_multicast_loopback(): boolean;
            get_multicast_ttl(): number;
            get_path_mtu(): number;
            /**
             * Returns the address for a number from `packed_received`. A port numbers its peers
             * from 1, in the order of their first datagrams; 0 is a sender without a name, such as
             * an unbound UNIX socket.
             */
            get_peer(number: number): Gio.SocketAddress | null;
            dup_peer_host(number: number): [string | null, number];
            get_peer_address(): Gio.SocketAddress | null;
            get_priority(): number;
            get_protocol(): DatagramProtocol | null;
            get_reading(): boolean;
            get_receive_buffer_size(): number;
            get_report_errors(): boolean;
            get_reuse_port(): boolean;
            get_send_buffer_size(): number;
            get_send_queue_limit(): number;
            get_send_queue_policy(): QueuePolicy;
            get_send_queue_size(): number;
            get_socket(): Gio.Socket | null;
            /** Returns the counters of the port. */
            get_statistics(): Statistics;
            get_ttl(): number;
            /**
             * Joins a multicast group: datagrams to `group` and the port's number arrive from now
             * on. A port receives only groups that it joined itself, whatever other programs on the
             * machine have joined. A dual-stack port can join IPv4 groups, too. If the port is
             * started again, it joins the group again.
             */
            join_group(group: string, interface?: string | null): boolean;
            /**
             * Joins a multicast group for the datagrams of one source (RFC 4607). Call it once for
             * each source of a group. The errors are those of `join_group`.
             */
            join_source_group(group: string, source: string, interface?: string | null): boolean;
            /**
             * Leaves a multicast group. Fails with `G_IO_ERROR_NOT_FOUND` if the group was not
             * joined. The other errors are those of `join_group`.
             */
            leave_group(group: string, interface?: string | null): boolean;
            /** Leaves one source of a multicast group. The errors are those of `leave_group`. */
            leave_source_group(group: string, source: string, interface?: string | null): boolean;
            /**
             * Allows or forbids writing to broadcast addresses. Fails if the system rejects the
             * option.
             */
            set_broadcast_allowed(allowed: boolean): boolean;
            /**
             * Sets the time for which the port reads the socket again. Fails with
             * `G_IO_ERROR_INVALID_ARGUMENT` for a value out of range.
             */
            set_busy_poll(microseconds: number): boolean;
            /**
             * Sets whether written datagrams may wait, and may be passed to the kernel as one
             * message.
             */
            set_coalesce_writes(coalesceWrites: boolean): void;
            /**
             * Sets whether datagrams that do not fit into a packet are rejected. Fails if the
             * system rejects the option.
             */
            set_dont_fragment(dontFragment: boolean): boolean;
            /**
             * Sets the differentiated services code point of sent datagrams. Fails with
             * `G_IO_ERROR_INVALID_ARGUMENT` for a value out of range, or if the system rejects the
             * value.
             */
            set_dscp(dscp: number): boolean;
            /**
             * Sets the address that the next start binds. Fails with `G_IO_ERROR_BUSY` while the
             * port is listening.
             */
            set_local_address(address?: Address | null): boolean;
            /**
             * Sets the maximum number of bytes to send per second. Fails with
             * `G_IO_ERROR_INVALID_ARGUMENT` for a value out of range, or if the system rejects the
             * value.
             */
            set_max_pacing_rate(bytesPerSecond: number): boolean;
            /**
             * Sets the number of bytes to keep of a datagram. Fails with
             * `G_IO_ERROR_INVALID_ARGUMENT` for a size out of range.
             */
            set_max_packet_size(size: number): boolean;
            /**
             * Sets the metadata that the kernel delivers with each datagram from now on. Fails if
             * the system rejects an option.
             */
            set_metadata(metadata: MetadataFlags): boolean;
            /**
             * Sets the interface that multicast datagrams are sent through. Fails with
             * `G_IO_ERROR_NOT_FOUND` if the interface does not exist; on a stopped port the start
             * fails instead.
             */
            set_multicast_interface(interface?: string | null): boolean;
            /**
             * Sets whether multicast datagrams come back to this machine. Fails if the system
             * rejects the option.
             */
            set_multicast_loopback(loopback: boolean): boolean;
            /**
             * Sets the time to live of multicast datagrams. Fails with
             * `G_IO_ERROR_INVALID_ARGUMENT` for a value out of range, or if the system rejects the
             * value.
             */
            set_multicast_ttl(ttl: number): boolean;
            /** Sets the priority in the main context. */
            set_priority(priority: number): void;
            /**
             * Pauses the port, or lets it receive again. If a handler calls this, it applies from
             * the next datagram on.
             */
            set_reading(reading: boolean): void;
            /**
             * Sets the size of the kernel's receive buffer. Fails with
             * `G_IO_ERROR_INVALID_ARGUMENT` for a value out of range, or if the system rejects the
             * value.
             */
            set_receive_buffer_size(size: number): boolean;
            /** Sets whether errors are reported to a port without a peer, too. */
            set_report_errors(reportErrors: boolean): void;
            /**
             * Sets the size of the kernel's send buffer. Fails with `G_IO_ERROR_INVALID_ARGUMENT`
             * for a value out of range, or if the system rejects the value.
             */
            set_send_buffer_size(size: number): boolean;
            /** Sets the maximum size of the send queue. Queued datagrams stay. */
            set_send_queue_limit(limit: number): void;
            /** Sets the treatment of a datagram that does not fit into the send queue. */
            set_send_queue_policy(policy: QueuePolicy): void;
            /**
             * Sets the time to live of unicast datagrams. Fails with `G_IO_ERROR_INVALID_ARGUMENT`
             * for a value out of range, or if the system rejects the value.
             */
            set_ttl(ttl: number): boolean;
            /**
             * Binds the socket, attaches the port to the thread-default main context, emits
             * `started` if this is the protocol's first port, and starts to receive. All this
             * happens before the call returns. The main loop may start later.
             */
            start_listening(): boolean;
            /**
             * Stops the port immediately: closes the socket, and emits `stopped` if this was the
             * protocol's last port. After the call the port does not call the protocol any more.
             * The rest of a batch that is being delivered is dropped.
             */
            stop_listening(): void;
            /**
             * Stops receiving immediately and sends the queued datagrams. Then closes the socket,
             * emits `stopped` and completes, in this order and always from the main loop.
             * `listening` is `false` from the beginning.
             */
            stop_listening_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
            stop_listening_async(cancellable: Gio.Cancellable | null, callback: Ready<Port>): void;
            /** Finishes `stop_listening_async`. The only error is `G_IO_ERROR_CANCELLED`. */
            stop_listening_finish(result: Gio.AsyncResult): boolean;
            /** Writes a datagram. Without a destination, writes to the port's peer. */
            write(payload: Payload, destination?: Address | null): boolean;
            /**
             * Writes a datagram, and completes when the kernel has accepted it. The datagram always
             * fits into the send queue: use this to wait in cases where `write_bytes` fails. The
             * datagram is sent in its turn, immediately if the queue is empty.
             */
            write_async(payload: Payload, destination?: Address | null,
                cancellable?: Gio.Cancellable | null): Promise<boolean>;
            write_async(payload: Payload, destination: Address | null,
                cancellable: Gio.Cancellable | null, callback: Ready<Port>): void;
            /** Writes a datagram. The errors are those of `write_to`. */
            write_bytes(payload: Payload, destination?: Address | null): boolean;
            /**
             * Writes several datagrams in one call, in order. It can also be called in a handler.
             */
            write_datagrams(datagrams: Datagram[]): number;
            /**
             * Finishes `write_async`. The errors are those of `write_to`; `G_IO_ERROR_CLOSED` if
             * the port was stopped before the datagram was sent; `G_IO_ERROR_CANCELLED`.
             */
            write_finish(result: Gio.AsyncResult): boolean;
            /**
             * Writes several datagrams in one call, in order; the counterpart of `packed_received`.
             * It can also be called in a handler. It is for languages in which a call costs more
             * than a datagram.
             */
            write_packed(payloads: Uint8Array, index: Uint8Array): number;
            /**
             * Writes a datagram. The datagram is sent immediately; in a handler of the port, at the
             * end of the current batch. If the kernel does not accept the datagram yet, it is
             * queued, and sent in order later.
             */
            write_to(payload: Payload, destination: Address): boolean;
            /**
             * Writes a datagram to an address given as a string. The errors are those of
             * `write_to`. A host name fails with `G_IO_ERROR_INVALID_ARGUMENT`: resolve it first,
             * with `resolve_async`.
             */
            write_to_host(payload: Payload, host: string, port: number): boolean;

            /**
             * Creates a port that is not started yet. Property names may be in camel case, too. As
             * in an assignment, an invalid value throws the error of its setter, and an unknown
             * name throws a `TypeError`.
             */
            constructor(properties?: Partial<PortProperties & CamelCased<PortProperties>>);
            connect(signal: `notify::${string}`,
                callback: (port: this, spec: GObject.ParamSpec) => void): number;
            connect(signal: string, callback: (...args: any[]) => any): number;

            /** The counters since the port was created, as returned by `get_statistics()`. */
            readonly statistics: Statistics;
            /** The address that the port is bound to. */
            readonly localEndpoint: Sender | null;
            /** The address of the peer that the port is connected to. */
            readonly peerEndpoint: Sender | null;

            /** Writes a datagram; fulfilled when the kernel has accepted it. */
            writeAsync(payload: Payload, destination?: Address | null,
                cancellable?: Gio.Cancellable | null): Promise<boolean>;
            /** Fulfilled when every datagram that was written before has been sent. */
            flushAsync(cancellable?: Gio.Cancellable | null): Promise<boolean>;
            /** Sends the queued datagrams, then stops; fulfilled when the port has stopped. */
            stopListening(cancellable?: Gio.Cancellable | null): Promise<boolean>;

            /**
             * Iterates over received datagrams until the port stops; waiting datagrams are then
             * dropped. The port pauses while the consumer is too slow.
             */
            [Symbol.asyncIterator](): AsyncIterableIterator<Datagram>;

            // Camel-case names of these functions.
            readonly connectPeer: Port['connect_peer'];
            readonly connectPeerAddress: Port['connect_peer_address'];
            readonly disconnectPeer: Port['disconnect_peer'];
            readonly dupErrorDetails: Port['dup_error_details'];
            readonly flushFinish: Port['flush_finish'];
            readonly getBindDevice: Port['get_bind_device'];
            readonly getBroadcastAllowed: Port['get_broadcast_allowed'];
            readonly getBusyPoll: Port['get_busy_poll'];
            readonly getCoalesceWrites: Port['get_coalesce_writes'];
            readonly getDontFragment: Port['get_dont_fragment'];
            readonly getDscp: Port['get_dscp'];
            readonly getIpv6Only: Port['get_ipv6_only'];
            readonly getListenMultiple: Port['get_listen_multiple'];
            readonly getListening: Port['get_listening'];
            readonly getLocalAddress: Port['get_local_address'];
            readonly getMaxPacingRate: Port['get_max_pacing_rate'];
            readonly getMaxPacketSize: Port['get_max_packet_size'];
            readonly getMetadata: Port['get_metadata'];
            readonly getMulticastInterface: Port['get_multicast_interface'];
            readonly getMulticastLoopback: Port['get_multicast_loopback'];
            readonly getMulticastTtl: Port['get_multicast_ttl'];
            readonly getPathMtu: Port['get_path_mtu'];
            readonly getPeer: Port['get_peer'];
            readonly dupPeerHost: Port['dup_peer_host'];
            readonly getPeerAddress: Port['get_peer_address'];
            readonly getPriority: Port['get_priority'];
            readonly getProtocol: Port['get_protocol'];
            readonly getReading: Port['get_reading'];
            readonly getReceiveBufferSize: Port['get_receive_buffer_size'];
            readonly getReportErrors: Port['get_report_errors'];
            readonly getReusePort: Port['get_reuse_port'];
            readonly getSendBufferSize: Port['get_send_buffer_size'];
            readonly getSendQueueLimit: Port['get_send_queue_limit'];
            readonly getSendQueuePolicy: Port['get_send_queue_policy'];
            readonly getSendQueueSize: Port['get_send_queue_size'];
            readonly getSocket: Port['get_socket'];
            readonly getStatistics: Port['get_statistics'];
            readonly getTtl: Port['get_ttl'];
            readonly joinGroup: Port['join_group'];
            readonly joinSourceGroup: Port['join_source_group'];
            readonly leaveGroup: Port['leave_group'];
            readonly leaveSourceGroup: Port['leave_source_group'];
            readonly setBroadcastAllowed: Port['set_broadcast_allowed'];
            readonly setBusyPoll: Port['set_busy_poll'];
            readonly setCoalesceWrites: Port['set_coalesce_writes'];
            readonly setDontFragment: Port['set_dont_fragment'];
            readonly setDscp: Port['set_dscp'];
            readonly setLocalAddress: Port['set_local_address'];
            readonly setMaxPacingRate: Port['set_max_pacing_rate'];
            readonly setMaxPacketSize: Port['set_max_packet_size'];
            readonly setMetadata: Port['set_metadata'];
            readonly setMulticastInterface: Port['set_multicast_interface'];
            readonly setMulticastLoopback: Port['set_multicast_loopback'];
            readonly setMulticastTtl: Port['set_multicast_ttl'];
            readonly setPriority: Port['set_priority'];
            readonly setReading: Port['set_reading'];
            readonly setReceiveBufferSize: Port['set_receive_buffer_size'];
            readonly setReportErrors: Port['set_report_errors'];
            readonly setSendBufferSize: Port['set_send_buffer_size'];
            readonly setSendQueueLimit: Port['set_send_queue_limit'];
            readonly setSendQueuePolicy: Port['set_send_queue_policy'];
            readonly setTtl: Port['set_ttl'];
            readonly startListening: Port['start_listening'];
            readonly stopListeningAsync: Port['stop_listening_async'];
            readonly stopListeningFinish: Port['stop_listening_finish'];
            readonly writeBytes: Port['write_bytes'];
            readonly writeDatagrams: Port['write_datagrams'];
            readonly writeFinish: Port['write_finish'];
            readonly writePacked: Port['write_packed'];
            readonly writeTo: Port['write_to'];
            readonly writeToHost: Port['write_to_host'];
        }

        /**
         * The treatment of a datagram that does not fit into the send queue, see
         * `send-queue-policy`.
         */
        enum QueuePolicy {
            /** the new datagram is rejected: `G_IO_ERROR_WOULD_BLOCK` */
            REFUSE = 0,
            /**
             * the oldest datagrams are dropped to make room, for data that is worthless when it is
             * late; datagrams of `write_async` stay
             */
            DROP_OLDEST = 1,
            /** the new datagram is dropped, and the write succeeds */
            DROP_NEWEST = 2,
        }

        /**
         * A snapshot of a port's counters, made by `get_statistics`. The counters start at 0 when
         * the port is created; restarting the port does not reset them. Later versions may add
         * fields at the end.
         */
        interface Statistics {
            /** datagrams read from the kernel */
            readonly datagrams_received: number;
            /** bytes of the payloads of received datagrams, before truncation */
            readonly bytes_received: number;
            /** datagrams accepted by the kernel */
            readonly datagrams_sent: number;
            /** bytes of the payloads of sent datagrams */
            readonly bytes_sent: number;
            /** received datagrams longer than `max-packet-size` */
            readonly truncated: number;
            /**
             * datagrams that were rejected or dropped because the send queue was full, that were
             * too many for a UNIX destination that does not read, or that were still queued when
             * the port stopped
             */
            readonly send_queue_drops: number;
            /**
             * errors from the kernel: asynchronous errors including refusals, and datagrams that
             * the kernel rejected
             */
            readonly errors: number;
            /** dispatches of the port by the main loop */
            readonly wakeups: number;
            /** reads from the kernel that returned datagrams */
            readonly receive_batches: number;
            /** writes to the kernel */
            readonly send_batches: number;
            /** received messages that hold several datagrams (`UDP_GRO`) */
            readonly joined_received: number;
            /** sent messages that hold several datagrams (`UDP_SEGMENT`) */
            readonly joined_sent: number;
            /**
             * datagrams that the kernel dropped because the receive buffer was full; 0 if the
             * kernel does not report them. With `UDP_GRO` an estimate, from
             * `kernel_dropped_messages` and the mean number of datagrams in a message
             */
            readonly kernel_drops: number;
            /** the highest value of `send-queue-size`, in bytes */
            readonly send_queue_peak: number;
            /** the errors that are refusals (`ECONNREFUSED`) */
            readonly connection_refusals: number;
            /**
             * the errors that report an unreachable host or network (`EHOSTUNREACH`, `ENETUNREACH`)
             */
            readonly unreachable_errors: number;
            /** the part of `send_queue_drops` whose write failed with `G_IO_ERROR_WOULD_BLOCK` */
            readonly queue_refusals: number;
            /** the part of `send_queue_drops` that was dropped for a newer datagram */
            readonly queue_dropped_oldest: number;
            /** the part of `send_queue_drops` that was dropped although the write succeeded */
            readonly queue_dropped_newest: number;
            /**
             * messages that the kernel dropped because the receive buffer was full, each a datagram
             * or several joined ones (`SO_MEMINFO`, Linux); 0 if the kernel does not report them
             */
            readonly kernel_dropped_messages: number;
            /**
             * datagrams of `datagrams_received` that were not delivered, because the port was
             * stopped or got another peer before, or gave up the socket that they waited in
             */
            readonly receive_drops: number;
            /** Copies the statistics. */
            copy(): Statistics;
        }

        /** The version of the headers as a string, such as 1.2.3. */
        const VERSION_S: string;
        /**
         * Compares two socket addresses: they are equal if family, address, port and scope id are
         * the same, or the UNIX path is. The flow information of IPv6 is ignored. `null`, the
         * sender of a datagram from an unbound UNIX socket, equals only `null`.
         */
        function address_equal(a?: Address | null, b?: Address | null): boolean;

        /**
         * Returns a hash of `address`: addresses that are equal by `address_equal` have equal
         * hashes.
         */
        function address_hash(address?: Address | null): number;

        /** Listens on an existing socket: Twisted's `adoptDatagramPort`. */
        function adopt_datagram_port(fd: number, family: Gio.SocketFamily,
            protocol: DatagramProtocol): Port;

        /**
         * Listens for datagrams like `listen_udp`, on a number that several programs of a machine
         * can share to listen to groups: Twisted's `listenMulticast`. Join the groups with
         * `join_group`.
         */
        function listen_multicast(port: number, protocol: DatagramProtocol,
            listenMultiple?: boolean, bindAddress?: string | null): Port;

        /**
         * Listens for datagrams: Twisted's `listenUDP`. Before the call returns, the socket is
         * bound, `started` is emitted, and the port is attached to the thread-default main context.
         * The errors are those of `start_listening`. A `bind_address` that is not an IP address
         * fails with `G_IO_ERROR_INVALID_ARGUMENT`.
         */
        function listen_udp(port: number, protocol: DatagramProtocol,
            bindAddress?: string | null): Port;

        /** Listens on a UNIX datagram socket: Twisted's `listenUNIXDatagram`. See `unix(7)`. */
        function listen_unix_datagram(path: string, protocol: DatagramProtocol): Port;

        /**
         * Resolves a host name to all its addresses, in the order of the system's preference. Works
         * like `resolve_async` otherwise.
         */
        function resolve_all_async(host: string, family?: Gio.SocketFamily, timeoutMs?: number,
            cancellable?: Gio.Cancellable | null): Promise<Gio.InetAddress[]>;
        function resolve_all_async(host: string, family: Gio.SocketFamily, timeoutMs: number,
            cancellable: Gio.Cancellable | null, callback: Ready<null>): void;

        /** Finishes `resolve_all_async`. The errors are those of `resolve_finish`. */
        function resolve_all_finish(result: Gio.AsyncResult): Gio.InetAddress[];

        /**
         * Resolves a host name to one address: an IPv4 address if the host has one, because
         * `listen_udp` uses IPv4 by default, else the first IPv6 address.
         */
        function resolve_async(host: string,
            cancellable?: Gio.Cancellable | null): Promise<Gio.InetAddress>;
        function resolve_async(host: string, cancellable: Gio.Cancellable | null,
            callback: Ready<null>): void;

        /**
         * Finishes `resolve_async`. The errors are those of the domain `G_RESOLVER_ERROR`,
         * `G_IO_ERROR_TIMED_OUT`, `G_IO_ERROR_CANCELLED`, and `G_IO_ERROR_INVALID_ARGUMENT` for an
         * empty name.
         */
        function resolve_finish(result: Gio.AsyncResult): Gio.InetAddress;

        // Camel-case names of these functions.
        const addressEqual: typeof address_equal;
        const addressHash: typeof address_hash;
        const adoptDatagramPort: typeof adopt_datagram_port;
        const listenMulticast: typeof listen_multicast;
        const listenUdp: typeof listen_udp;
        const listenUnixDatagram: typeof listen_unix_datagram;
        const resolveAllAsync: typeof resolve_all_async;
        const resolveAllFinish: typeof resolve_all_finish;
        const resolveAsync: typeof resolve_async;
        const resolveFinish: typeof resolve_finish;
    }
}

declare module 'gi://Gudpx' {
    export {default} from 'gi://Gudpx?version=1';
}

