/**
 * The system calls of the linux engine, by node:ffi on libc: the one module that holds pointers.
 *
 * Everybody else sees file descriptors, lengths and `Memory`: blocks that this module alone can make, that never move and are
 * never freed, each against a page that nothing may touch. Every length is checked against its block before it reaches the
 * kernel, so that no caller can make it read or write elsewhere. It decides nothing and keeps no descriptor.
 *
 * A call answers its result, zero or more, or a negative errno, as the kernel itself does. What moves bytes never answers EINTR:
 * splice(2) gives up for any signal, also where it would not block, and Node's handler of SIGUSR1 does not have calls restarted.
 */
import type * as Ffi from "node:ffi";
import type { TcpReading } from "../relay/dead-peer.ts";
import { EINTR } from "./errno.ts";

declare const pinned: unique symbol;

/** A block of memory that the kernel may be given. */
export interface Memory {
  readonly [pinned]: true;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What `Memory` is within this module. */
interface Block {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly pointer: bigint;
}

/** Of struct epoll_event, in words of 32 bits: it is packed on x86-64 and on no other architecture (epoll_ctl(2)). */
export interface EventLayout {
  readonly words: number;
  /** The first word of the user's data; a second follows. */
  readonly data: number;
}

export type SocketOption =
  | "reuse_address"
  | "reuse_port"
  | "keep_alive"
  | "keep_idle_seconds"
  | "keep_interval_seconds"
  | "keep_probes"
  | "ipv6_only"
  | "urgent_inline";

/** Of epoll_ctl(2). */
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export type EpollOperation = typeof EPOLL_CTL_ADD | typeof EPOLL_CTL_DEL | typeof EPOLL_CTL_MOD;

export type Libc = ReturnType<typeof bindFunctions>;

export type LibcResult = { readonly libc: Libc } | { readonly problem: string };

const PROT_NONE = 0;
const PROT_READ_WRITE = 3;
const MAP_PRIVATE_ANONYMOUS = 0x22;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

const AF_INET = 2;
const AF_INET6 = 10;
/** SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC; the last two are O_NONBLOCK and O_CLOEXEC, and alike on both architectures. */
const NON_BLOCKING = 0o4000 | 0o2000000;
const STREAM = 1 | NON_BLOCKING;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const SO_LINGER = 13;
const IPPROTO_TCP = 6;
const TCP_NODELAY = 1;
const TCP_QUICKACK = 12;
const SHUT_WR = 1;
const F_SETPIPE_SZ = 1031;
/** SPLICE_F_MOVE | SPLICE_F_NONBLOCK. */
const SPLICE_FLAGS = 3;

/** Level and name of each option: socket(7), tcp(7), ipv6(7). */
const OPTIONS: Readonly<Record<SocketOption, readonly [level: number, name: number]>> = {
  reuse_address: [SOL_SOCKET, 2],
  reuse_port: [SOL_SOCKET, 15],
  keep_alive: [SOL_SOCKET, 9],
  keep_idle_seconds: [IPPROTO_TCP, 4],
  keep_interval_seconds: [IPPROTO_TCP, 5],
  keep_probes: [IPPROTO_TCP, 6],
  ipv6_only: [41, 26],
  // SO_OOBINLINE: the urgent byte stays in the stream.
  urgent_inline: [SOL_SOCKET, 10],
};

/** struct tcp_info of linux/tcp.h, limited to the fields that are read. */
const TCP_INFO = 11;
const TCP_INFO_BYTES = 148;
/** Indexes of bytes and of 32-bit words. */
const PROBES_BYTE = 3;
const UNACKED_WORD = 6;
const LAST_ACK_RECEIVED_WORD = 14;
const NOT_SENT_WORD = 36;

/** Space for the largest option value, struct tcp_info. */
const SCRATCH_BYTES = 152;

/** The functions, or one sentence on why this machine or this Node has them not. */
export function loadLibc(): LibcResult {
  const { platform, arch } = process;
  if (platform !== "linux") return { problem: `it needs Linux, and this is ${platform}` };
  if (arch !== "x64" && arch !== "arm64") return { problem: `it knows x64 and arm64, and this is ${arch}` };
  const ffi = loadFfi();
  if (ffi === undefined)
    return { problem: `it needs node:ffi, which Node ${process.version} does not have or has not on` };
  try {
    return { libc: bindFunctions(ffi, arch) };
  } catch (error) {
    return { problem: `it needs glibc, which cannot be loaded: ${error instanceof Error ? error.message : error}` };
  }
}

/**
 * Without the warning that it is experimental: this program ships with one pinned Node, and its tests are what vouches for it.
 * Undefined: this Node has it not, or not on.
 */
function loadFfi(): typeof Ffi | undefined {
  const emitWarning = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return process.getBuiltinModule("node:ffi") as typeof Ffi | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

function bindFunctions(ffi: typeof Ffi, arch: "x64" | "arm64") {
  const { functions } = ffi.dlopen("libc.so.6", {
    mmap: { arguments: ["pointer", "u64", "i32", "i32", "i32", "i64"], return: "pointer" },
    mprotect: { arguments: ["pointer", "u64", "i32"], return: "i32" },
    socket: { arguments: ["i32", "i32", "i32"], return: "i32" },
    bind: { arguments: ["i32", "pointer", "i32"], return: "i32" },
    listen: { arguments: ["i32", "i32"], return: "i32" },
    accept4: { arguments: ["i32", "pointer", "pointer", "i32"], return: "i32" },
    connect: { arguments: ["i32", "pointer", "i32"], return: "i32" },
    setsockopt: { arguments: ["i32", "i32", "i32", "pointer", "i32"], return: "i32" },
    getsockopt: { arguments: ["i32", "i32", "i32", "pointer", "pointer"], return: "i32" },
    shutdown: { arguments: ["i32", "i32"], return: "i32" },
    read: { arguments: ["i32", "pointer", "i32"], return: "i32" },
    write: { arguments: ["i32", "pointer", "i32"], return: "i32" },
    close: { arguments: ["i32"], return: "i32" },
    epoll_create1: { arguments: ["i32"], return: "i32" },
    epoll_ctl: { arguments: ["i32", "i32", "i32", "pointer"], return: "i32" },
    epoll_wait: { arguments: ["i32", "pointer", "i32", "i32"], return: "i32" },
    eventfd: { arguments: ["u32", "i32"], return: "i32" },
    pipe2: { arguments: ["pointer", "i32"], return: "i32" },
    fcntl: { arguments: ["i32", "i32", "i32"], return: "i32" },
    splice: { arguments: ["i32", "pointer", "i32", "pointer", "i32", "i32"], return: "i32" },
    __errno_location: { arguments: [], return: "pointer" },
    getpagesize: { arguments: [], return: "i32" },
    malloc_trim: { arguments: ["u64"], return: "i32" },
  });
  // `functions` has no shape that V8 knows; of this object the fields are constants to the compiler.
  const raw = { ...functions };
  // Of this thread, and for as long as the thread lives. Read right after a call, before anything else can run.
  const errno = new Int32Array(ffi.toArrayBuffer(raw.__errno_location(), 4, false));
  const checked = (result: number): number => (result < 0 ? -(errno[0] ?? 0) : result);
  // 4 KiB on x86-64; arm64 may be built with 16 or 64.
  const pageBytes = BigInt(raw.getpagesize());

  /**
   * Whole pages with one before and one behind that are mapped to nothing. The block ends where the page behind begins, so
   * that not even a wrong length could reach another object. Never unmapped: a view may outlive whoever asked for it.
   */
  const map = (length: number): Block => {
    const pages = (BigInt(length) + pageBytes - 1n) / pageBytes;
    const whole = (pages + 2n) * pageBytes;
    const start = raw.mmap(null, whole, PROT_NONE, MAP_PRIVATE_ANONYMOUS, -1, 0n);
    if (start === MAP_FAILED) throw new Error(`mmap of ${whole} bytes failed with errno ${errno[0]}`);
    if (raw.mprotect(start + pageBytes, pages * pageBytes, PROT_READ_WRITE) !== 0) {
      throw new Error(`mprotect of ${whole} bytes failed with errno ${errno[0]}`);
    }
    const pointer = start + (pages + 1n) * pageBytes - BigInt(length);
    return { pointer, bytes: new Uint8Array(ffi.toArrayBuffer(pointer, length, false)) };
  };
  const blockOf = (memory: Memory): Block => memory as unknown as Block;
  const within = (memory: Memory, length: number): bigint => {
    const { bytes, pointer } = blockOf(memory);
    // What is no whole number of 32 bits, NaN among them, is none that the kernel would be given.
    if (length >>> 0 !== length || length > bytes.length)
      throw new RangeError(`${length} bytes of a block of ${bytes.length}`);
    return pointer;
  };
  const scratch = map(SCRATCH_BYTES);
  const scratchWords = new Int32Array(scratch.bytes.buffer, 0, SCRATCH_BYTES / 4);
  const scratchLength = map(4);
  const scratchLengthWord = new Int32Array(scratchLength.bytes.buffer, 0, 1);
  const one = map(4);
  one.bytes[0] = 1;
  const zero = map(4);
  const layout: EventLayout = arch === "x64" ? { words: 3, data: 1 } : { words: 4, data: 2 };

  // Apart from the calls: with a loop in these, V8 no longer reduces the wrapper of node:ffi to a plain call (7 % of our own time).
  const readAgain = (fd: number, pointer: bigint, length: number): number => {
    for (;;) {
      const result = checked(raw.read(fd, pointer, length));
      if (result !== -EINTR) return result;
    }
  };
  const writeAgain = (fd: number, pointer: bigint, length: number): number => {
    for (;;) {
      const result = checked(raw.write(fd, pointer, length));
      if (result !== -EINTR) return result;
    }
  };

  return {
    eventLayout: layout,

    /** `length` bytes of zeros, a multiple of 8, for as long as the process lives. */
    allocate(length: number): Memory {
      if (!Number.isInteger(length) || length <= 0 || length % 8 !== 0)
        throw new RangeError(`a block of ${length} bytes`);
      return map(length) as unknown as Memory;
    },

    /** A TCP socket that does not block. */
    socket: (family: 4 | 6): number => checked(raw.socket(family === 4 ? AF_INET : AF_INET6, STREAM, 0)),

    bind: (fd: number, address: Memory, length: number): number =>
      checked(raw.bind(fd, within(address, length), length)),

    listen: (fd: number, backlog: number): number => checked(raw.listen(fd, backlog)),

    /** The connection, not blocking; the client's address is in `address`. */
    accept(fd: number, address: Memory): number {
      scratchLengthWord[0] = address.bytes.length;
      const result = raw.accept4(fd, blockOf(address).pointer, scratchLength.pointer, NON_BLOCKING);
      return checked(result);
    },

    connect: (fd: number, address: Memory, length: number): number =>
      checked(raw.connect(fd, within(address, length), length)),

    setOption(fd: number, option: SocketOption, value: number): number {
      const [level, name] = OPTIONS[option];
      scratchWords[0] = value;
      return checked(raw.setsockopt(fd, level, name, scratch.pointer, 4));
    },

    /** Sends what is written at once, however little (tcp(7), TCP_NODELAY). */
    sendAtOnce: (fd: number): number => checked(raw.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, one.pointer, 4)),

    /** An answer is about to be written, which will carry the ACK (tcp(7), TCP_QUICKACK); the kernel waits 40 ms for it. */
    delayAcks: (fd: number): number => checked(raw.setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, zero.pointer, 4)),

    /** Undoes `delayAcks`, also for what waits already. */
    sendAcks: (fd: number): number => checked(raw.setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, one.pointer, 4)),

    /** Closing will send RST and drop what is not sent yet (socket(7), SO_LINGER). */
    resetOnClose(fd: number): number {
      scratchWords[0] = 1;
      scratchWords[1] = 0;
      return checked(raw.setsockopt(fd, SOL_SOCKET, SO_LINGER, scratch.pointer, 8));
    },

    /** The errno that is pending on a socket, which this takes away; 0 if none is. */
    pendingError(fd: number): number {
      scratchLengthWord[0] = 4;
      const result = checked(raw.getsockopt(fd, SOL_SOCKET, SO_ERROR, scratch.pointer, scratchLength.pointer));
      return result < 0 ? -result : (scratchWords[0] ?? 0);
    },

    /** Undefined: the kernel does not report it. */
    tcpReading(fd: number): TcpReading | undefined {
      scratch.bytes.fill(0);
      scratchLengthWord[0] = TCP_INFO_BYTES;
      const result = raw.getsockopt(fd, IPPROTO_TCP, TCP_INFO, scratch.pointer, scratchLength.pointer);
      if (result < 0) return undefined;
      return {
        unacked: scratchWords[UNACKED_WORD] ?? 0,
        probes: scratch.bytes[PROBES_BYTE] ?? 0,
        notSentBytes: scratchWords[NOT_SENT_WORD] ?? 0,
        lastAckMs: (scratchWords[LAST_ACK_RECEIVED_WORD] ?? 0) >>> 0,
      };
    },

    shutdownWrites: (fd: number): number => checked(raw.shutdown(fd, SHUT_WR)),

    read(fd: number, into: Memory, length: number): number {
      const pointer = within(into, length);
      const result = checked(raw.read(fd, pointer, length));
      return result === -EINTR ? readAgain(fd, pointer, length) : result;
    },

    write(fd: number, from: Memory, length: number): number {
      const pointer = within(from, length);
      const result = checked(raw.write(fd, pointer, length));
      return result === -EINTR ? writeAgain(fd, pointer, length) : result;
    },

    close: (fd: number): number => checked(raw.close(fd)),

    epollCreate: (): number => checked(raw.epoll_create1(0o2000000)),

    epollControl(epoll: number, operation: EpollOperation, fd: number, event: Memory): number {
      const pointer = within(event, 4 * layout.words);
      return checked(raw.epoll_ctl(epoll, operation, fd, pointer));
    },

    /** `timeoutMs` −1: without end. */
    epollWait: (epoll: number, events: Memory, count: number, timeoutMs: number): number =>
      checked(raw.epoll_wait(epoll, within(events, 4 * layout.words * count), count, timeoutMs)),

    /** A counter that epoll can wait for (eventfd(2)). */
    eventCounter: (): number => checked(raw.eventfd(0, NON_BLOCKING)),

    /** The reading end and the writing end, in the first two words of `ends`. */
    pipe: (ends: Memory): number => checked(raw.pipe2(within(ends, 8), NON_BLOCKING)),

    /** The size that it has got, which may be more. */
    setPipeSize: (fd: number, bytes: number): number => checked(raw.fcntl(fd, F_SETPIPE_SZ, bytes)),

    /** Gives the kernel back what malloc keeps of what was freed, in all threads (malloc_trim(3)). Some ms of this thread's time. */
    trimHeap: (): void => void raw.malloc_trim(0n),

    splice(from: number, to: number, length: number): number {
      for (;;) {
        const result = checked(raw.splice(from, null, to, null, length, SPLICE_FLAGS));
        if (result !== -EINTR) return result;
      }
    },
  };
}

/** The block as 32-bit words, for what the kernel fills with integers. */
export function wordsOf({ bytes }: Memory): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
