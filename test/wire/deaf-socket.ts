/**
 * A TCP socket that hears nothing any more: the kernel drops every segment that comes for it before TCP sees it, as when a cable
 * is cut. What its peer sends, acknowledgements and keep-alive probes included, is never answered.
 *
 * By a socket filter that takes no byte (socket(7), SO_ATTACH_FILTER), for which no privilege is needed.
 */
import type * as Ffi from "node:ffi";
import type net from "node:net";
import { loadLibc } from "../../src/proxy/linux/libc.ts";

const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
/** BPF_RET | BPF_K: so many bytes of the packet are let through. */
const RETURN = 0x06;

/** Why there can be none here; false: there can. */
export function noDeafSocket(): string | false {
  const loaded = loadLibc();
  return "problem" in loaded ? loaded.problem : false;
}

export function deafen(socket: net.Socket): void {
  const ffi = process.getBuiltinModule("node:ffi") as typeof Ffi;
  const { functions } = ffi.dlopen("libc.so.6", {
    setsockopt: { arguments: ["i32", "i32", "i32", "pointer", "i32"], return: "i32" },
  });
  // struct sock_filter { u16 code; u8 jt, jf; u32 k }, once; struct sock_fprog { u16 len; struct sock_filter *filter }.
  const filter = Buffer.alloc(8);
  filter.writeUInt16LE(RETURN, 0);
  const program = Buffer.alloc(16);
  program.writeUInt16LE(1, 0);
  program.writeBigUInt64LE(ffi.getRawPointer(filter), 8);
  const result = functions.setsockopt(
    descriptorOf(socket),
    SOL_SOCKET,
    SO_ATTACH_FILTER,
    ffi.getRawPointer(program),
    program.length,
  );
  if (result !== 0) throw new Error("setsockopt(SO_ATTACH_FILTER) failed");
}

/** Node has no public way to a socket's descriptor. */
export function descriptorOf(socket: net.Socket): number {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd: number } };
  if (handle === undefined || handle.fd < 0) throw new Error("the socket has no descriptor");
  return handle.fd;
}
