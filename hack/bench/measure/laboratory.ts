/** What stands ready while contenders come and go: the generator's program, the backends, and how long a window is. */
import { CONTENDER_NAMES, type ContenderName } from "../contenders/contender.ts";
import { buildGenerator, helloOf, type LoadMode, startBackends } from "../load/generator.ts";
import type { Running } from "../running.ts";
import { type Address, BACKENDS, FIRST_PROXY_PORT, formatAddress, PROXY_HOST, routeName } from "../world.ts";

export interface Laboratory {
  readonly generator: string;
  readonly backendPids: readonly number[];
  /** For so long a contender carries new connections before anything is measured, so that it is compiled as in its second minute. */
  readonly settleMs: number;
  readonly windowMs: number;
  readonly warmUpMs: number;
  /** Connections held by the idle scenario. */
  readonly idleConnections: number;
  close(): void;
}

export type Pace = Pick<Laboratory, "settleMs" | "windowMs" | "warmUpMs" | "idleConnections">;

/** Who is measured: a running contender, or the backends themselves. */
export interface Subject {
  readonly name: ContenderName;
  target(mode: LoadMode, flags: Readonly<Record<string, string>>): Address;
  pids(): readonly number[];
  /** Undefined for the backends themselves. */
  readonly running: Running | undefined;
}

export async function openLaboratory(pace: Pace): Promise<Laboratory> {
  const generator = buildGenerator();
  const { answer, source, sink, echo, tls } = BACKENDS;
  const plain = await startBackends(generator, [
    ...["backends", "-answer", answer.map(formatAddress).join(",")],
    ...["-source", formatAddress(source), "-sink", formatAddress(sink), "-echo", formatAddress(echo)],
  ]);
  const withTls = await startBackends(generator, ["tls-backend", "-listen", formatAddress(tls)]);
  const backends = [plain, withTls];
  return {
    ...pace,
    generator,
    backendPids: backends.flatMap(({ pid }) => pid ?? []),
    close() {
      for (const { stdin } of backends) stdin.end();
    },
  };
}

export function listenAddress(name: ContenderName): Address {
  return { host: PROXY_HOST, port: FIRST_PROXY_PORT + CONTENDER_NAMES.indexOf(name) };
}

export function firstHello(laboratory: Pick<Laboratory, "generator">): Buffer {
  return helloOf(laboratory.generator, routeName(0));
}

export function subjectOf(running: Running): Subject & { readonly running: Running } {
  return {
    name: running.contender.name,
    target: () => running.site.listen,
    pids: () => running.pids(),
    running,
  };
}

/** No proxy at all: each load goes to the backend that it is for. What remains is what the generator itself can do. */
export const DIRECT: Subject = { name: "direct", target: directTarget, pids: () => [], running: undefined };

function directTarget(mode: LoadMode, flags: Readonly<Record<string, string>>): Address {
  switch (mode) {
    case "connections":
    case "idle":
    case "slow-hellos":
      return BACKENDS.answer[0] ?? BACKENDS.echo;
    case "handshakes":
      return BACKENDS.tls;
    case "bulk":
      return flags.direction === "up" ? BACKENDS.sink : BACKENDS.source;
    case "round-trips":
      return BACKENDS.echo;
  }
}
