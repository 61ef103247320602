/**
 * The one world that every contender is put into: which server names there are and where each leads. Pure.
 * Never knows how a contender is told.
 */

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Route {
  readonly serverName: string;
  readonly backend: Address;
}

export function formatAddress({ host, port }: Address): string {
  return `${host}:${port}`;
}

/** Every proxy listens here, each on a port of its own. */
export const PROXY_HOST = "127.0.0.1";
/** Below the ports that the kernel gives to clients (32768 and up). */
export const FIRST_PROXY_PORT = 17_001;

const BACKEND_HOSTS = Array.from({ length: 16 }, (_, i) => `127.2.0.${i + 1}`);
const SPECIAL_HOST = "127.2.0.1";

/** What stands behind the proxies. The load generator knows the server names too (load/hello.go). */
export const BACKENDS = {
  /** Answer a hello with one byte: the letter of the address. */
  answer: BACKEND_HOSTS.map((host) => ({ host, port: 19_001 })),
  source: { host: SPECIAL_HOST, port: 19_002 },
  sink: { host: SPECIAL_HOST, port: 19_003 },
  echo: { host: SPECIAL_HOST, port: 19_004 },
  tls: { host: SPECIAL_HOST, port: 19_005 },
} as const satisfies Record<string, Address | readonly Address[]>;

export function routeName(index: number): string {
  return `h${String(index).padStart(6, "0")}.bench.test`;
}

/** `count` routes, spread over the answering backends, and those of the other backends. */
export function routesOfWorld(count: number): readonly Route[] {
  const { source, sink, echo, tls } = BACKENDS;
  return [
    { serverName: "source.bench.test", backend: source },
    { serverName: "sink.bench.test", backend: sink },
    { serverName: "echo.bench.test", backend: echo },
    { serverName: "tls.bench.test", backend: tls },
    ...Array.from({ length: count }, (_, i) => routeOf(i)),
  ];
}

export function routeOf(index: number): Route {
  const backend = BACKENDS.answer[index % BACKENDS.answer.length];
  if (backend === undefined) throw new Error("there are no answering backends");
  return { serverName: routeName(index), backend };
}

/** The routes of each backend, by a name for the backend that every configuration language takes. */
export function byBackend(routes: readonly Route[]): ReadonlyMap<string, readonly [Route, ...Route[]]> {
  const found = new Map<string, [Route, ...Route[]]>();
  for (const route of routes) {
    const name = backendName(route.backend);
    const others = found.get(name);
    if (others === undefined) found.set(name, [route]);
    else others.push(route);
  }
  return found;
}

export function backendName({ host, port }: Address): string {
  return `be-${host.replaceAll(".", "-")}-${port}`;
}
