/**
 * Implements the portable engine's socket operations beside the workers: calls libc with the descriptors of Node's sockets.
 */
import type net from "node:net";
import type { KernelSockets } from "../relay/socket-options.ts";
import type { Libc } from "./libc.ts";

export function kernelSockets(libc: Pick<Libc, "setOption" | "tcpReading">): KernelSockets {
  return {
    read: (socket) => {
      const fd = descriptorOf(socket);
      return fd === undefined ? undefined : libc.tcpReading(fd);
    },
    keepUrgentInline: (socket) => {
      const fd = descriptorOf(socket);
      if (fd !== undefined) libc.setOption(fd, "urgent_inline", 1);
    },
  };
}

/**
 * Node has no public API for it. A closed socket has no handle, so that its number, which another socket may have by then, is never
 * used.
 */
function descriptorOf(socket: net.Socket): number | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } | null };
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined;
}
