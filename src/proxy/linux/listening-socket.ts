/**
 * Sockets that listen, one for each thread on the same address (SO_REUSEPORT, socket(7)): the kernel deals connections out
 * among them.
 *
 * Accepted sockets inherit their options, which spares every connection the calls.
 */
import type { BindFailure } from "../../model/proxy-report.ts";
import { formatAddress, type ListenAddress, type ListenResult } from "../relay/engine.ts";
import { EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EPERM, errnoSentence } from "./errno.ts";
import type { Libc, Memory } from "./libc.ts";
import { encodeSocketAddress, SOCKET_ADDRESS_BYTES } from "./socket-address.ts";

/** The kernel cuts this to net.core.somaxconn, 4096 since Linux 5.4. */
const BACKLOG = 4_096;

type ListenFailure = Extract<ListenResult, { failed: unknown }>;

export class SocketListener {
  readonly #libc: Libc;
  readonly #address: Memory;

  constructor(libc: Libc) {
    this.#libc = libc;
    this.#address = libc.allocate(SOCKET_ADDRESS_BYTES);
  }

  /**
   * `count` sockets that listen on one address, or why there is none. The address must be free: sharing a port with another
   * process that shares its own would take a part of that one's connections, and tell nobody.
   */
  open(at: ListenAddress, count: number): { readonly fds: readonly number[] } | ListenFailure {
    const probe = this.#bind(at, false);
    if (probe < 0) return failure(-probe, at);
    this.#libc.close(probe);
    const fds: number[] = [];
    while (fds.length < count) {
      const fd = this.#bindAndListen(at);
      if (fd < 0) {
        for (const open of fds) this.#libc.close(open);
        return failure(-fd, at);
      }
      fds.push(fd);
    }
    return { fds };
  }

  #bindAndListen(at: ListenAddress): number {
    const fd = this.#bind(at, true);
    if (fd < 0) return fd;
    this.#libc.sendAtOnce(fd);
    this.#libc.setOption(fd, "urgent_inline", 1);
    // A whole ClientHello is answered by the backend's first bytes: a packet less. Connections that begin otherwise undo it.
    this.#libc.delayAcks(fd);
    const result = this.#libc.listen(fd, BACKLOG);
    return result < 0 ? this.#closeFor(fd, result) : fd;
  }

  /** The descriptor, or a negative errno. */
  #bind({ address, port }: ListenAddress, isShared: boolean): number {
    const encoded = encodeSocketAddress(address, port);
    if (encoded === undefined) return -EADDRNOTAVAIL;
    const isIpv6 = address.includes(":");
    const fd = this.#libc.socket(isIpv6 ? 6 : 4);
    if (fd < 0) return fd;
    this.#libc.setOption(fd, "reuse_address", 1);
    if (isShared) this.#libc.setOption(fd, "reuse_port", 1);
    if (isIpv6) this.#libc.setOption(fd, "ipv6_only", 1);
    this.#address.bytes.set(encoded);
    const result = this.#libc.bind(fd, this.#address, encoded.length);
    return result < 0 ? this.#closeFor(fd, result) : fd;
  }

  #closeFor(fd: number, result: number): number {
    this.#libc.close(fd);
    return result;
  }
}

function failure(errno: number, { address, port }: ListenAddress): ListenFailure {
  const message = `listen ${errnoSentence(errno)} ${formatAddress(address, port)}`;
  return { failed: failureKind(errno), message };
}

function failureKind(errno: number): BindFailure | "address_unavailable" {
  switch (errno) {
    case EADDRINUSE:
      return "port_in_use";
    case EACCES:
    case EPERM:
      return "port_not_permitted";
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return "address_unavailable";
    default:
      return "bind_failed";
  }
}
