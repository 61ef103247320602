/** A TCP path between proxy and operator on loopback that a test can count on, cut and silence. */

import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import type { TestContext } from "node:test";

export interface Network {
  readonly port: number;
  /** Bytes sent to the proxies so far, TLS and all. */
  readonly bytesDown: number;
  /** Connections accepted so far. */
  readonly connections: number;
  /** Resets every connection, as when a process is killed. New ones pass. */
  cut(): void;
  /** Swallows everything from now on without closing anything, as when a node loses power. */
  silence(): void;
  /** New connections pass again; silenced ones stay silent. */
  restore(): void;
}

export async function createNetwork(t: TestContext, target: number): Promise<Network> {
  const sockets = new Set<Socket>();
  const state = { bytesDown: 0, connections: 0, silent: false };
  const join = (from: Socket, to: Socket, count: (bytes: number) => void) => {
    sockets.add(from);
    from.on("error", () => to.destroy());
    from.on("close", () => {
      sockets.delete(from);
      if (!swallowed.has(from)) to.destroy();
    });
    from.on("data", (data) => {
      if (swallowed.has(from)) return;
      count(data.length);
      to.write(data);
    });
  };
  const swallowed = new WeakSet<Socket>();
  const server = createServer((down) => {
    state.connections += 1;
    const up = connect(target, "127.0.0.1");
    join(down, up, () => {});
    join(up, down, (bytes) => {
      state.bytesDown += bytes;
    });
    if (state.silent) for (const socket of [down, up]) swallowed.add(socket);
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  t.after(() => {
    server.close();
    cut();
  });
  return {
    port,
    get bytesDown() {
      return state.bytesDown;
    },
    get connections() {
      return state.connections;
    },
    cut,
    silence() {
      state.silent = true;
      for (const socket of sockets) swallowed.add(socket);
    },
    restore() {
      state.silent = false;
    },
  };
}
