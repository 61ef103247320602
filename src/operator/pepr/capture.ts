/**
 * Takes hold of what Pepr creates and does not give away: its HTTPS server, its timers and its SIGTERM listener. Each is caught
 * while one synchronous call runs, by Node's public hooks; no global is replaced.
 */
import { createHook } from "node:async_hooks";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { Server } from "node:https";

/** Runs `start`, which listens, and returns the server that it made. Throws when it made none. */
export function captureServer(start: () => void): Server {
  const servers: Server[] = [];
  const caught = (message: unknown) => {
    const { server } = message as { server: unknown };
    if (server instanceof Server) servers.push(server);
  };
  const channel = "tracing:net.server.listen:asyncStart";
  subscribe(channel, caught);
  try {
    start();
  } finally {
    unsubscribe(channel, caught);
  }
  const [server] = servers;
  if (server === undefined) throw new Error("Pepr has started no HTTPS server");
  return server;
}

/** Runs `construct` and returns its result with a function that stops every timer it has set. */
export function captureTimers<T>(construct: () => T): { result: T; stopTimers: () => void } {
  const timers: NodeJS.Timeout[] = [];
  const hook = createHook({
    init: (_id, type, _trigger, resource) => {
      if (type === "Timeout") timers.push(resource as NodeJS.Timeout);
    },
  });
  hook.enable();
  try {
    return { result: construct(), stopTimers: () => timers.forEach(clearTimeout) };
  } finally {
    hook.disable();
  }
}

/** Runs `start` and takes back the signal listeners it has added: ending the process is our own affair. */
export function withoutSignalListeners<T>(start: () => T): T {
  const before = new Set(process.listeners("SIGTERM"));
  try {
    return start();
  } finally {
    for (const listener of process.listeners("SIGTERM")) {
      if (!before.has(listener)) process.removeListener("SIGTERM", listener);
    }
  }
}
