/**
 * What stands around the proxy that is soaked: its routes, and the backends behind them. The bench has addresses of its own, so
 * that both can run beside each other. Pure.
 */
import { type Address, formatAddress, type Route, routeName } from "../bench/world.ts";

export const LISTEN: Address = { host: "127.0.0.1", port: 17_101 };
export const ADMIN: Address = { host: "127.0.0.1", port: 17_102 };

const answer = Array.from({ length: 16 }, (_, i): Address => ({ host: `127.4.0.${i + 1}`, port: 19_101 }));
const special = (port: number): Address => ({ host: "127.4.0.1", port });
const source = special(19_102);
const echo = special(19_103);
const reset = special(19_104);
const tls = special(19_105);
/** Nobody listens there. */
const refused = special(19_106);

export const BACKEND_FLAGS: readonly string[] = [
  ...["-answer", answer.map(formatAddress).join(","), "-source", formatAddress(source), "-echo", formatAddress(echo)],
  ...["-reset", formatAddress(reset), "-tls", formatAddress(tls)],
];

export const ROUTES: readonly Route[] = [
  ...answer.map((backend, index): Route => ({ serverName: routeName(index), backend })),
  { serverName: "source.bench.test", backend: source },
  { serverName: "echo.bench.test", backend: echo },
  { serverName: "reset.bench.test", backend: reset },
  { serverName: "tls.bench.test", backend: tls },
  { serverName: "refused.bench.test", backend: refused },
];

/** One that comes and goes with the reloads, and that nobody asks for. */
export function passingRoute(turn: number): Route {
  return { serverName: routeName(100 + (turn % 2)), backend: source };
}
