// SPDX-License-Identifier: LGPL-2.1-or-later

// Declares the parts of GJS, GLib, GObject and GIO that the examples use. The npm packages @girs/*
// have complete declarations.

declare function print(...values: unknown[]): void;
declare function printerr(...values: unknown[]): void;
declare function logError(error: unknown, prefix?: string): void;
declare function setInterval(callback: () => void, milliseconds: number): object;
declare function setTimeout(callback: () => void, milliseconds: number): object;
declare function clearInterval(timer: object): void;
declare function clearTimeout(timer: object): void;
declare const ARGV: string[];
declare const imports: {gi: any};

declare class TextDecoder {
    decode(bytes: ArrayBufferView): string;
}

declare module 'system' {
    const System: {
        readonly programInvocationName: string;
        readonly programArgs: string[];
        exit(status: number): never;
    };
    export default System;
}

declare module 'gi://GLib?version=2.0' {
    export default GLib;
    namespace GLib {
        class Error {
            readonly message: string;
            readonly code: number;
        }
        class Bytes {
            constructor(data?: string | Uint8Array);
            get_size(): number;
            toArray(): Uint8Array;
        }
        class MainLoop {
            constructor(context: null, isRunning: boolean);
            run(): void;
            quit(): void;
        }
        const PRIORITY_DEFAULT: number;
        const SOURCE_CONTINUE: boolean;
        const SOURCE_REMOVE: boolean;
        function timeout_add_seconds(priority: number, seconds: number, run: () => boolean): number;
        function unix_signal_add(priority: number, signal: number, handler: () => boolean): number;
        function source_remove(id: number): boolean;
        function getenv(name: string): string | null;
        function close(fd: number): boolean;
    }
}

declare module 'gi://GLib' {
    export {default} from 'gi://GLib?version=2.0';
}

declare module 'gi://GObject?version=2.0' {
    export default GObject;
    namespace GObject {
        class Object {
            constructor(properties?: any);
            _init(...args: any[]): void;
            connect(signal: string, callback: (...args: any[]) => any): number;
            disconnect(id: number): void;
        }
        class ParamSpec {
            get_name(): string;
        }
        function registerClass<T>(klass: T): T;
    }
}

declare module 'gi://GObject' {
    export {default} from 'gi://GObject?version=2.0';
}

declare module 'gi://Gio?version=2.0' {
    import GObject from 'gi://GObject?version=2.0';

    export default Gio;
    namespace Gio {
        enum SocketFamily { INVALID = 0, UNIX = 1, IPV4 = 2, IPV6 = 10 }
        enum IOErrorEnum { INVALID_ARGUMENT = 13, CANCELLED = 19 }
        enum SocketType { DATAGRAM = 2 }
        enum SocketProtocol { UDP = 17 }
        class SocketAddress extends GObject.Object {
            to_string(): string;
            get_family(): SocketFamily;
        }
        class UnixSocketAddress extends SocketAddress {
            get_path(): string;
        }
        class InetAddress extends GObject.Object {
            to_string(): string;
            get_is_multicast(): boolean;
        }
        class InetSocketAddress extends SocketAddress {
            static new_from_string(host: string, port: number): SocketAddress;
            get_address(): InetAddress;
            get_port(): number;
        }
        class Socket extends GObject.Object {
            static new(family: SocketFamily, type: SocketType, protocol: SocketProtocol): Socket;
            bind(address: SocketAddress, allowReuse: boolean): boolean;
            get_fd(): number;
            close(): boolean;
        }
        class Cancellable extends GObject.Object {
            cancel(): void;
            is_cancelled(): boolean;
        }
        class Credentials extends GObject.Object {
            get_unix_pid(): number;
        }
        interface AsyncResult {
            get_source_object(): GObject.Object | null;
        }
        function _promisify(prototype: any, begin: string, finish?: string): void;
    }
}

declare module 'gi://Gio' {
    export {default} from 'gi://Gio?version=2.0';
}

declare module 'resource:///org/gnome/shell/extensions/extension.js' {
    export class Extension {
        constructor(metadata: object);
    }
}

declare module 'resource:///org/gnome/shell/ui/main.js' {
    export function notify(title: string, body: string): void;
}
