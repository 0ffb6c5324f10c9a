// SPDX-License-Identifier: LGPL-2.1-or-later

// TypeScript's view of Gudpx in GJS, with the override. Beside it go the types of GLib, Gio and
// GObject, such as those of the npm packages @girs/gjs and @girs/gio-2.0.
//
// Gudpx.PortGroup is left out: it calls its factory in other threads, which GJS does not allow.

declare module 'gi://Gudpx?version=1' {
    import Gio from 'gi://Gio?version=2.0';
    import GLib from 'gi://GLib?version=2.0';
    import GObject from 'gi://GObject?version=2.0';

    export default Gudpx;

    namespace Gudpx {
        /** What a datagram carries. A string is sent as UTF-8. */
        type Payload = string | ArrayBuffer | ArrayBufferView | GLib.Bytes | number[];

        /** An IP address as text, with its scope where it has one, and a number. */
        interface Endpoint {
            readonly host: string;
            readonly port: number;
        }

        /** A string is the path of a UNIX socket; an abstract name begins with a zero. */
        type Address = Endpoint | Gio.SocketAddress | string;

        /**
         * What an address is given as: `{host, port}`, or the path of a UNIX socket; the address
         * itself where the path is no text.
         */
        type Sender = Endpoint | string | Gio.UnixSocketAddress;

        type Ready<Source> = (source: Source, result: Gio.AsyncResult) => void;

        /** One address of a host name. */
        function resolve(host: string, cancellable?: Gio.Cancellable | null): Promise<string>;

        interface ResolveOptions {
            family?: Gio.SocketFamily;
            timeoutMs?: number;
            cancellable?: Gio.Cancellable | null;
        }

        /** All addresses of a host name, in the order of the system's preference. */
        function resolveAll(host: string, options?: ResolveOptions): Promise<string[]>;

        /**
         * One datagram: a payload, where it came from or where it goes, and what the kernel told
         * of it.
         */
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
            /** A datagram for `write_datagrams`. */
            static new(payload: Payload, destination?: Address | null): Datagram;
            /**
             * A datagram for `write_datagrams` that differs from what the port sends else
             * (`ip(7)`, `ipv6(7)`, RFC 3542). What the system does not allow is told as its error
             * when it is sent. UNIX sockets pass over all of it.
             */
            static new_full(payload: Payload, destination?: Address | null,
                source?: Gio.InetAddress | null, interfaceIndex?: number, hopLimit?: number,
                trafficClass?: number): Datagram;
            /** A copy of the payload. */
            dup_bytes(): GLib.Bytes;
            /** A copy of the payload as a string; `null` if it is not UTF-8, or has a zero byte. */
            dup_text(): string | null;
            /**
             * Where it was sent to, which on a port bound to any address tells the machine's
             * address or the group; where it is to go, for one made with `new`.
             */
            get_destination(): Gio.SocketAddress | null;
            /** The bits of explicit congestion notification (RFC 3168) that it arrived with. */
            get_ecn(): number;
            /** The hop limit, which IPv4 calls time to live, that it arrived with. */
            get_hop_limit(): number;
            /** The index of the interface that it came in by, see `if_indextoname(3)`. */
            get_interface_index(): number;
            /** How long the payload was when it was sent. */
            get_original_size(): number;
            /**
             * The payload: `bytes` in Python, a `Uint8Array` in JavaScript. It is empty for an
             * empty datagram.
             */
            get_payload(): Uint8Array;
            /**
             * Where it came from. On a dual-stack port IPv4 senders have IPv4 addresses;
             * link-local addresses carry their scope id. Addresses compare by pointer: see
             * `address_equal`.
             */
            get_sender(): Gio.SocketAddress | null;
            /** When the kernel received it, by the real-time clock, as `get_real_time` counts. */
            get_timestamp(): number;
            /**
             * The whole octet of the traffic class (IPv4: type of service) that it arrived with:
             * DSCP in the upper six bits (RFC 2474), ECN in the lower two.
             */
            get_traffic_class(): number;
            /** The port that it came through. A datagram does not keep its port alive. */
            get_transport(): Port | null;
            /** Whether it was longer than `max-packet-size`, and its end is lost. */
            get_truncated(): boolean;
            /**
             * Writes a datagram to the sender of this one, by the port that it came through.
             * Where `metadata` includes the destination, the reply leaves from the address that
             * `self` was sent to.
             */
            reply(payload: Payload): boolean;

            /** The same as `get_payload()`. */
            readonly payload: Uint8Array;
            /** The payload as text; `null` where it is no UTF-8 or has a zero byte inside. */
            readonly text: string | null;
            /** Where it came from. */
            readonly senderEndpoint: Sender | null;
            /** Where it was sent to, or is to go. */
            readonly destinationEndpoint: Sender | null;

            // The same functions, by their names in camel case.
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

        /** What an application does with datagrams: Twisted's `DatagramProtocol`. */
        class DatagramProtocol extends GObject.Object {
            /** The port that was attached last and still is; `null` while there is none. */
            readonly transport: Port | null;
            /** A protocol to connect signals to. */
            static new(): DatagramProtocol;
            /** The port that was attached last and still is. */
            get_transport(): Port | null;
            vfunc_connection_refused(port: Port): void;
            vfunc_datagram_received(datagram: Datagram): void;
            /**
             * A batch of datagrams arrived. By default `datagram_received` is called and
             * `datagram-received` emitted for each; override it to take a whole batch in one
             * call. What is overridden here has taken the whole batch, also if it stops or pauses
             * the port in its midst.
             */
            vfunc_datagrams_received(datagrams: Datagram[]): void;
            vfunc_error_received(port: Port, error: GLib.Error,
                destination: Gio.SocketAddress | null): void;
            /**
             * A batch of datagrams arrived, in a form that crosses into another language in one
             * call; it is there for language bindings. `get_peer` has the address behind a
             * sender's number, 0 being a sender without a name, and `write_packed` is the way
             * back.
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
             * Twisted's hook: a class that has it is called with bytes and `{host, port}` instead of a
             * datagram. The same peer is the same object, and frozen. It may be asynchronous; the
             * next datagram does not wait for it.
             */
            datagramReceived(data: Uint8Array, sender: Sender | null): void | Promise<void>;

            // The same functions, by their names in camel case.
            readonly getTransport: DatagramProtocol['get_transport'];
        }

        /**
         * What the system knows of an error that came on its own, beyond what `error-received`
         * says. See `dup_error_details`.
         */
        interface ErrorDetails {
            /** the system's number for the error, see `errno(3)` */
            readonly error_number: number;
            /** whether it came with an ICMP message, and the next two are known */
            readonly is_icmp: boolean;
            /** the type of the ICMP message: RFC 792, for IPv6 RFC 4443 */
            readonly icmp_type: number;
            /** its code */
            readonly icmp_code: number;
            /** who sent the ICMP message: a router or the destination; `null` if it is not known */
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
        /** What the kernel is to deliver with each datagram, see `metadata`. */
        enum MetadataFlags {
            /** nothing but payload and sender */
            NONE = 0,
            /** the address that the datagram was sent to, and the interface that it came in by */
            DESTINATION = 1,
            /** when the kernel received it */
            TIMESTAMP = 2,
            /** the hop limit (IPv4: TTL) that it arrived with */
            HOP_LIMIT = 4,
            /** its DSCP and ECN bits */
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

        /** One datagram socket on one main context: Twisted's `udp.Port`. */
        class Port extends GObject.Object {
            /**
             * The name of the only network interface to use (`SO_BINDTODEVICE`, Linux); `null`:
             * all.
             */
            readonly bind_device: string | null;
            readonly bindDevice: string | null;
            /** Whether broadcast addresses may be written to (`SO_BROADCAST`). */
            broadcast_allowed: boolean;
            broadcastAllowed: boolean;
            /**
             * For how many microseconds the port asks the socket again when it has delivered what
             * there was, before it goes back to the main loop, 0 to 1000. A main loop that goes
             * to sleep and is woken costs more than that. It is only done while it keeps paying:
             * a port that asked in vain leaves it for some time. 0: never.
             */
            busy_poll: number;
            busyPoll: number;
            /**
             * Whether what a handler writes waits for the end of the dispatch, to leave with the
             * rest in few system calls; and whether datagrams of one size to one destination that
             * leave together are handed to the kernel as one, which segments them again
             * (`UDP_SEGMENT`, `udp(7)`). What receives them sees no difference.
             *
             * Turned off, each datagram leaves when it is written, and what the kernel has
             * against it is the error of the write.
             */
            coalesce_writes: boolean;
            coalesceWrites: boolean;
            /**
             * Whether datagrams that do not fit into a packet of the path are refused with
             * `G_IO_ERROR_MESSAGE_TOO_LARGE` instead of being sent in fragments
             * (`IP_MTU_DISCOVER`, `ip(7)`; Linux).
             */
            dont_fragment: boolean;
            dontFragment: boolean;
            /** The differentiated services code point of what is sent (RFC 2474), 0 to 63. */
            dscp: number;
            /**
             * Whether a port bound to IPv6 is for IPv6 alone, and not for IPv4 too
             * (`IPV6_V6ONLY`, RFC 3493).
             */
            readonly ipv6_only: boolean;
            readonly ipv6Only: boolean;
            /**
             * Whether several sockets of the machine may be bound to the address, each of which
             * gets the multicasts and broadcasts that it asked for (`SO_REUSEADDR`, and
             * `SO_REUSEPORT` where the system is not Linux). All of them must say so.
             */
            readonly listen_multiple: boolean;
            readonly listenMultiple: boolean;
            /**
             * Whether the port is started: it receives, unless it is paused, and can be written
             * to.
             */
            readonly listening: boolean;
            /**
             * The address to bind, and while the port is open the one that is bound, with the
             * real port number. It can be set while the port is stopped; `null` is any IPv4
             * address and any free number.
             */
            get local_address(): Gio.SocketAddress | null;
            set local_address(address: Address | null);
            get localAddress(): Gio.SocketAddress | null;
            set localAddress(address: Address | null);
            /**
             * How many bytes a second leave at most, `G_MAXUINT` being any number
             * (`SO_MAX_PACING_RATE`, `socket(7)`). It counts on interfaces with the queueing
             * discipline that paces: `tc-fq(8)`.
             */
            max_pacing_rate: number;
            maxPacingRate: number;
            /**
             * How many bytes of a received datagram are kept, 1 to 1048576. The default keeps
             * every UDP datagram whole; UNIX datagrams can be longer.
             */
            max_packet_size: number;
            maxPacketSize: number;
            /** What the kernel is to deliver with each datagram. */
            metadata: MetadataFlags;
            /**
             * The network interface that multicast datagrams leave by: its name, or an address
             * that it has; `null`: the system's choice.
             */
            multicast_interface: string | null;
            multicastInterface: string | null;
            /**
             * Whether multicast datagrams that are written come to the members of the group on
             * this machine too.
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
             * The path MTU to the peer that the kernel knows, in bytes with all headers (RFC
             * 1191, RFC 8201); 0 if the port is not connected or the system does not tell.
             * Narrower paths are notified of when a router says so.
             */
            readonly path_mtu: number;
            readonly pathMtu: number;
            /** The peer that the port is connected to; `null` if it is not connected. */
            readonly peer_address: Gio.SocketAddress | null;
            readonly peerAddress: Gio.SocketAddress | null;
            /**
             * The priority in the main context, such as `G_PRIORITY_DEFAULT`. Where all else runs
             * at `G_PRIORITY_DEFAULT_IDLE`, a busy port should too.
             */
            priority: number;
            /** What the port calls. */
            readonly protocol: DatagramProtocol | null;
            /**
             * Whether datagrams are received. While they are not, the kernel queues them, as many
             * as find room in its buffer. Writing goes on, and so do errors.
             */
            reading: boolean;
            /**
             * The kernel's buffer for what was not received yet, in bytes (`SO_RCVBUF`). The
             * system may grant less than was asked for: while the port is open, this is what it
             * granted. 0: its choice.
             */
            receive_buffer_size: number;
            receiveBufferSize: number;
            /**
             * Whether a port without a peer, too, is told by `error-received` what the network
             * says of datagrams that it sent, refusals among it (`IP_RECVERR`, `ip(7)`; Linux,
             * not with GSocket's own calls).
             */
            report_errors: boolean;
            reportErrors: boolean;
            /**
             * Whether several sockets of the same user may be bound to the address, among which
             * the kernel shares the datagrams out (`SO_REUSEPORT`). All of them must say so.
             */
            readonly reuse_port: boolean;
            readonly reusePort: boolean;
            /**
             * The kernel's buffer for what has not left yet, in bytes (`SO_SNDBUF`). The system
             * may grant less than was asked for: while the port is open, this is what it granted.
             * 0: its choice.
             */
            send_buffer_size: number;
            sendBufferSize: number;
            /**
             * How many bytes the send queue may hold, counted as `send-queue-size` counts them.
             * 0: nothing is queued.
             */
            send_queue_limit: number;
            sendQueueLimit: number;
            /** What becomes of a datagram that finds no room in the send queue. */
            send_queue_policy: QueuePolicy;
            sendQueuePolicy: QueuePolicy;
            /**
             * How many bytes the send queue holds: the payloads, and for each datagram what it
             * costs to keep.
             */
            readonly send_queue_size: number;
            readonly sendQueueSize: number;
            /**
             * The socket, for options that have no property; `null` while there is none. Reading
             * from it or closing it is the port's.
             */
            readonly socket: Gio.Socket | null;
            /**
             * The time to live, which IPv6 calls hop limit, of unicast datagrams, 1 to 255. What
             * is not set is the system's choice.
             */
            ttl: number;
            /**
             * A port that is not started yet: set what is to be set, then call `start_listening`.
             */
            static new(protocol: DatagramProtocol, localAddress?: Address | null): Port;
            /**
             * Connects the port to `host`, like `connect_peer_address`. A host name is
             * `G_IO_ERROR_INVALID_ARGUMENT`: resolve it first, with `resolve_async`.
             */
            connect_peer(host: string, port: number): boolean;
            connect_peer(address: Address): boolean;
            /**
             * Connects the port: only datagrams of `address` arrive from now on, also of those
             * that are waiting in the kernel, `write` sends there, and `connection-refused` tells
             * when nobody listens there. Nothing is sent for that, and it waits for nothing. A
             * connected port can be connected elsewhere; it keeps its number.
             */
            connect_peer_address(address: Address): boolean;
            /**
             * Disconnects the port from its peer: it receives from everybody again, and keeps its
             * number. Does nothing if it is not connected.
             */
            disconnect_peer(): boolean;
            /**
             * What the system knows of the error that is being reported: for handlers of
             * `error-received` and `connection-refused`.
             */
            dup_error_details(): ErrorDetails | null;
            /**
             * Waits until the kernel has taken, or refused, all that was written before.
             * Cancelling ends the wait alone.
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
             * The address behind a number that `packed_received` had. A port gives each peer a
             * number when it first has a datagram from it, counting up from 1; 0 is a sender
             * without a name, as a UNIX socket may be.
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
            /** What the port has counted so far. */
            get_statistics(): Statistics;
            get_ttl(): number;
            /**
             * Joins a multicast group: what is sent to `group` and the port's number arrives. A
             * port receives only the groups that it joined itself, whatever others on the machine
             * have joined. On a dual-stack port IPv4 groups can be joined too. The group is
             * joined again when the port is started again.
             */
            join_group(group: string, interface?: string | null): boolean;
            /**
             * Joins a multicast group for the datagrams of one source (RFC 4607). Several sources
             * of a group are joined one by one. The errors are those of `join_group`.
             */
            join_source_group(group: string, source: string, interface?: string | null): boolean;
            /**
             * Leaves a multicast group. `G_IO_ERROR_NOT_FOUND` is the error for a group that was
             * not joined; else they are those of `join_group`.
             */
            leave_group(group: string, interface?: string | null): boolean;
            /** Leaves one source of a multicast group. The errors are those of `leave_group`. */
            leave_source_group(group: string, source: string, interface?: string | null): boolean;
            /**
             * Sets whether broadcast addresses may be written to. The error is what the system
             * has to say.
             */
            set_broadcast_allowed(allowed: boolean): boolean;
            /**
             * Sets for how long the port asks the socket again. `G_IO_ERROR_INVALID_ARGUMENT` is
             * the error for a value out of range.
             */
            set_busy_poll(microseconds: number): boolean;
            /** Sets whether what is written may wait, and be handed to the kernel as one. */
            set_coalesce_writes(coalesceWrites: boolean): void;
            /**
             * Sets whether datagrams that do not fit are refused. The error is what the system
             * has to say.
             */
            set_dont_fragment(dontFragment: boolean): boolean;
            /**
             * Sets the differentiated services code point of what is sent. Errors are
             * `G_IO_ERROR_INVALID_ARGUMENT` for a value out of range, and what the system has to
             * say.
             */
            set_dscp(dscp: number): boolean;
            /**
             * Sets the address that the next start binds. `G_IO_ERROR_BUSY` is the error while
             * the port is listening.
             */
            set_local_address(address?: Address | null): boolean;
            /**
             * Sets how many bytes a second leave at most. Errors are
             * `G_IO_ERROR_INVALID_ARGUMENT` for a value out of range, and what the system has to
             * say.
             */
            set_max_pacing_rate(bytesPerSecond: number): boolean;
            /**
             * Sets how many bytes of a datagram are kept. `G_IO_ERROR_INVALID_ARGUMENT` is the
             * error for a size out of range.
             */
            set_max_packet_size(size: number): boolean;
            /**
             * Sets what the kernel is to deliver with each datagram from now on. The error is
             * what the system has to say.
             */
            set_metadata(metadata: MetadataFlags): boolean;
            /**
             * Sets the interface that multicast datagrams leave by. `G_IO_ERROR_NOT_FOUND` is the
             * error for one that does not exist; on a stopped port it comes from the start.
             */
            set_multicast_interface(interface?: string | null): boolean;
            /**
             * Sets whether multicast datagrams come to this machine too. The error is what the
             * system has to say.
             */
            set_multicast_loopback(loopback: boolean): boolean;
            /**
             * Sets the time to live of multicast datagrams. Errors are
             * `G_IO_ERROR_INVALID_ARGUMENT` for a value out of range, and what the system has to
             * say.
             */
            set_multicast_ttl(ttl: number): boolean;
            /** Sets the priority in the main context. */
            set_priority(priority: number): void;
            /**
             * Pauses the port, or has it receive again. In a handler it takes effect with the
             * next datagram.
             */
            set_reading(reading: boolean): void;
            /**
             * Sets the size of the kernel's receive buffer. Errors are
             * `G_IO_ERROR_INVALID_ARGUMENT` for a value out of range, and what the system has to
             * say.
             */
            set_receive_buffer_size(size: number): boolean;
            /** Sets whether errors are reported without a peer, too. */
            set_report_errors(reportErrors: boolean): void;
            /**
             * Sets the size of the kernel's send buffer. Errors are `G_IO_ERROR_INVALID_ARGUMENT`
             * for a value out of range, and what the system has to say.
             */
            set_send_buffer_size(size: number): boolean;
            /** Sets how many bytes the send queue may hold. What is in it stays. */
            set_send_queue_limit(limit: number): void;
            /** Sets what becomes of a datagram that finds no room in the send queue. */
            set_send_queue_policy(policy: QueuePolicy): void;
            /**
             * Sets the time to live of unicast datagrams. Errors are
             * `G_IO_ERROR_INVALID_ARGUMENT` for a value out of range, and what the system has to
             * say.
             */
            set_ttl(ttl: number): boolean;
            /**
             * Binds the socket, attaches the port to the thread-default main context, emits
             * `started` if it is the protocol's first port, and starts to receive, all before it
             * returns. No main loop needs to run yet.
             */
            start_listening(): boolean;
            /**
             * Stops at once: the socket is closed, and when the call returns `stopped` has been
             * emitted, if it was the protocol's last port. No other call to the protocol comes
             * after it, not even for the rest of a batch that is being delivered.
             */
            stop_listening(): void;
            /**
             * Stops receiving at once, sends what is queued, and then closes the socket, emits
             * `stopped` and completes, in this order and always from the main loop. `listening`
             * is `false` from the beginning.
             */
            stop_listening_async(cancellable?: Gio.Cancellable | null): Promise<boolean>;
            stop_listening_async(cancellable: Gio.Cancellable | null, callback: Ready<Port>): void;
            /** Finishes `stop_listening_async`. `G_IO_ERROR_CANCELLED` is its only error. */
            stop_listening_finish(result: Gio.AsyncResult): boolean;
            /** Writes a datagram; to the port’s peer where no destination is given. */
            write(payload: Payload, destination?: Address | null): boolean;
            /**
             * Writes a datagram and tells when the kernel has taken it: for those who want to
             * wait where `write_bytes` fails, for it always finds room in the send queue. It
             * leaves in its turn, and at once if the queue is empty.
             */
            write_async(payload: Payload, destination?: Address | null,
                cancellable?: Gio.Cancellable | null): Promise<boolean>;
            write_async(payload: Payload, destination: Address | null,
                cancellable: Gio.Cancellable | null, callback: Ready<Port>): void;
            /** Writes a datagram. The errors are those of `write_to`. */
            write_bytes(payload: Payload, destination?: Address | null): boolean;
            /** Writes several datagrams at once, in order, also from a handler. */
            write_datagrams(datagrams: Datagram[]): number;
            /**
             * Finishes `write_async`. The errors are those of `write_to`, with
             * `G_IO_ERROR_CLOSED` if the port was stopped before the datagram left, and
             * `G_IO_ERROR_CANCELLED`.
             */
            write_finish(result: Gio.AsyncResult): boolean;
            /**
             * Writes several datagrams at once, in order, also from a handler: the way back of
             * what `packed_received` had, for languages to whom each call costs more than a
             * datagram.
             */
            write_packed(payloads: Uint8Array, index: Uint8Array): number;
            /**
             * Writes a datagram. It leaves at once; from a handler of the port, when the batch
             * that is being delivered ends. What the kernel does not take now is queued, and sent
             * in order when it does.
             */
            write_to(payload: Payload, destination: Address): boolean;
            /**
             * Writes a datagram to an address given as a string. The errors are those of
             * `write_to`; a host name is `G_IO_ERROR_INVALID_ARGUMENT`: resolve it first, with
             * `resolve_async`.
             */
            write_to_host(payload: Payload, host: string, port: number): boolean;

            /**
             * The names may be in camel case, too. A value that its setter refuses is its error, and
             * a name that is none a `TypeError`, as where a property is assigned.
             */
            constructor(properties?: Partial<PortProperties & CamelCased<PortProperties>>);
            connect(signal: `notify::${string}`,
                callback: (port: this, spec: GObject.ParamSpec) => void): number;
            connect(signal: string, callback: (...args: any[]) => any): number;

            /** What the port counted since it was created: the same as `get_statistics()`. */
            readonly statistics: Statistics;
            /** The address that is bound. */
            readonly localEndpoint: Sender | null;
            /** The address of the peer. */
            readonly peerEndpoint: Sender | null;

            /** Writes a datagram; fulfilled when the kernel has taken it. */
            writeAsync(payload: Payload, destination?: Address | null,
                cancellable?: Gio.Cancellable | null): Promise<boolean>;
            /** Fulfilled when all has left that was written before. */
            flushAsync(cancellable?: Gio.Cancellable | null): Promise<boolean>;
            /** Sends what is queued, then stops; fulfilled when the port has stopped. */
            stopListening(cancellable?: Gio.Cancellable | null): Promise<boolean>;

            /**
             * The datagrams that come, until the port stops; what waits then is dropped. It is
             * paused while the consumer is behind.
             */
            [Symbol.asyncIterator](): AsyncIterableIterator<Datagram>;

            // The same functions, by their names in camel case.
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
         * What becomes of a datagram that finds no room in the send queue, see
         * `send-queue-policy`.
         */
        enum QueuePolicy {
            /** the new datagram is not taken: `G_IO_ERROR_WOULD_BLOCK` */
            REFUSE = 0,
            /**
             * those that have waited longest make room for it; for what is worth nothing when it
             * is late. Those of `write_async` stay.
             */
            DROP_OLDEST = 1,
            /** the new datagram is dropped, and the write succeeds */
            DROP_NEWEST = 2,
        }

        /**
         * What a port counted since it was created, restarts included; a snapshot made by
         * `get_statistics`. Later versions add fields at the end.
         */
        interface Statistics {
            /** datagrams that were read from the kernel */
            readonly datagrams_received: number;
            /** bytes of payload that were read from the kernel, before truncation */
            readonly bytes_received: number;
            /** datagrams that the kernel took */
            readonly datagrams_sent: number;
            /** bytes of payload that the kernel took */
            readonly bytes_sent: number;
            /** received datagrams that were longer than `max-packet-size` */
            readonly truncated: number;
            /**
             * datagrams that were not taken because the send queue was full, or that were in it
             * when the port was stopped
             */
            readonly send_queue_drops: number;
            /** asynchronous errors, refusals among them, and datagrams that the kernel refused */
            readonly errors: number;
            /** how often the main loop called the port */
            readonly wakeups: number;
            /** how often the kernel was read from, and had something */
            readonly receive_batches: number;
            /** how often the kernel was written to */
            readonly send_batches: number;
            /** messages that the kernel had joined of several datagrams (`UDP_GRO`) */
            readonly joined_received: number;
            /** messages that several datagrams were joined to (`UDP_SEGMENT`) */
            readonly joined_sent: number;
            /**
             * datagrams that the kernel dropped because the receive buffer was full; 0 where it
             * does not tell
             */
            readonly kernel_drops: number;
            /** the most that the send queue held, in bytes as `send-queue-size` counts them */
            readonly send_queue_peak: number;
            /** those of the errors that were refusals */
            readonly connection_refusals: number;
            /** those of the errors that said that a host or network cannot be reached */
            readonly unreachable_errors: number;
            /** those of the drops that the write was told of */
            readonly queue_refusals: number;
            /** those of the drops that made room for another */
            readonly queue_dropped_oldest: number;
            /** those of the drops that were silent */
            readonly queue_dropped_newest: number;
            readonly kernel_dropped_messages: number;
            readonly receive_drops: number;
            /** Copies the statistics. */
            copy(): Statistics;
        }

        /** The version of the headers as a string. */
        const VERSION_S: string;
        /**
         * Whether two socket addresses name the same endpoint: the same family, address, port and
         * scope id, or the same UNIX path. The flow information of IPv6 does not count. `null`,
         * the sender of a datagram from an unbound UNIX socket, equals `null` alone.
         */
        function address_equal(a?: Address | null, b?: Address | null): boolean;

        /** A hash of `address`: addresses that are equal by `address_equal` have equal hashes. */
        function address_hash(address?: Address | null): number;

        /** Listens on a socket that somebody else made: Twisted's `adoptDatagramPort`. */
        function adopt_datagram_port(fd: number, family: Gio.SocketFamily,
            protocol: DatagramProtocol): Port;

        /**
         * Listens for datagrams like `listen_udp`, for groups that several programs of a machine
         * listen to: Twisted's `listenMulticast`. Join them with `join_group`.
         */
        function listen_multicast(port: number, protocol: DatagramProtocol,
            listenMultiple?: boolean, bindAddress?: string | null): Port;

        /**
         * Listens for datagrams: Twisted's `listenUDP`. The socket is bound, `started` emitted
         * and the port attached to the thread-default main context before it returns; see
         * `start_listening` for the errors. A `bind_address` that is no IP address is
         * `G_IO_ERROR_INVALID_ARGUMENT`.
         */
        function listen_udp(port: number, protocol: DatagramProtocol,
            bindAddress?: string | null): Port;

        /** Listens on a UNIX datagram socket: Twisted's `listenUNIXDatagram`. See `unix(7)`. */
        function listen_unix_datagram(path: string, protocol: DatagramProtocol): Port;

        /**
         * Resolves a host name to all its addresses, in the order of the system's preference. It
         * works like `resolve_async` in all else.
         */
        function resolve_all_async(host: string, family?: Gio.SocketFamily, timeoutMs?: number,
            cancellable?: Gio.Cancellable | null): Promise<Gio.InetAddress[]>;
        function resolve_all_async(host: string, family: Gio.SocketFamily, timeoutMs: number,
            cancellable: Gio.Cancellable | null, callback: Ready<null>): void;

        /** Finishes `resolve_all_async`. The errors are those of `resolve_finish`. */
        function resolve_all_finish(result: Gio.AsyncResult): Gio.InetAddress[];

        /**
         * Resolves a host name to one address: an IPv4 address where the host has one, as
         * `listen_udp` is for IPv4 unless told otherwise, else its first IPv6 address.
         */
        function resolve_async(host: string,
            cancellable?: Gio.Cancellable | null): Promise<Gio.InetAddress>;
        function resolve_async(host: string, cancellable: Gio.Cancellable | null,
            callback: Ready<null>): void;

        /**
         * Finishes `resolve_async`. Errors are those of the domain `G_RESOLVER_ERROR`,
         * `G_IO_ERROR_TIMED_OUT`, `G_IO_ERROR_CANCELLED`, and `G_IO_ERROR_INVALID_ARGUMENT` for
         * an empty name.
         */
        function resolve_finish(result: Gio.AsyncResult): Gio.InetAddress;

        // The same functions, by their names in camel case.
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

