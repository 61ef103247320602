/**
 * The admin port: `/healthz`, `/readyz` and `/metrics` over HTTP, for kubelet and Prometheus, and pages of JSON for people.
 *
 * Reads only: nothing can be changed through it. It is not for clients of the gateway and has its own bind address. What names
 * clients or the names they request is served to this machine only (`kubectl port-forward` counts as this machine). Open connections
 * are limited, a connection has one request at a time, and metrics are read at most once a second, so that no caller of this port slows
 * the process down.
 */
import { once } from "node:events";
import http from "node:http";
import { type AddressInfo, BlockList, type Socket } from "node:net";
import { MAX_ADMIN_CONNECTIONS } from "../model/descriptor-budget.ts";
import { ConnectionCap } from "../net/connection-cap.ts";
import { isAddressOrLocalhost } from "./host-header.ts";
import { SharedPages } from "./shared-pages.ts";

/** Timeout of a whole request, from the opened connection or the previous response. A probe sends its request at once. */
const REQUEST_TIMEOUT_MS = 5_000;
/** How often Node checks for late requests. */
const TIMEOUT_CHECK_MS = 1_000;
/** Idle timeout of a connection, such as one whose peer does not read the response. */
const IDLE_TIMEOUT_MS = 10_000;
const MAX_HEADER_BYTES = 8_192;

/** Metrics in the Prometheus text format. */
export interface MetricsSource {
  readonly contentType: string;
  expose(): Promise<string>;
}

export interface AdminSource {
  /** What is missing before work can be taken, in words; undefined when nothing is. */
  notReady(): string | undefined;
  /** What readiness consists of, for `/readyz?verbose`; absent: it is one thing. */
  readonly checks?: () => readonly ReadinessCheck[];
  /** Undefined while there is nothing to count yet. */
  readonly metrics: MetricsSource | undefined;
  /** By path. */
  readonly pages?: Readonly<Record<string, AdminPage>>;
}

export interface ReadinessCheck {
  readonly name: string;
  /** Undefined when nothing is. */
  readonly missing: string | undefined;
  /** True: the check is shown, and readiness does not depend on it. Default false. */
  readonly isInformational?: boolean;
}

export interface AdminPage {
  /** What goes out as JSON, or one sentence on what is wrong with the query. */
  read(query: URLSearchParams): Promise<{ readonly body: unknown } | { readonly problem: string }>;
  /** Is it for this machine alone? */
  readonly isPrivate: boolean;
}

export interface AdminServer {
  /** The port that was bound: of interest when 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

/** Rejects when the address cannot be bound. `isLocal`: is a peer's address this machine's own loopback? */
export async function serveAdmin(
  source: AdminSource,
  at: { address: string; port: number },
  isLocal: (address: string) => boolean = isLoopback,
): Promise<AdminServer> {
  const limits = {
    headersTimeout: REQUEST_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
  };
  const shared: Shared = { metrics: new SharedPages(), pages: new SharedPages() };
  const answering = new Set<Socket>();
  const server = http.createServer(limits, (request, response) => {
    const { socket } = request;
    // Node reads on while a response waits for its peer: a pipeline of requests would be as many responses in memory.
    if (answering.has(socket)) {
      socket.resetAndDestroy();
      return;
    }
    answering.add(socket);
    response.once("close", () => answering.delete(socket));
    response.once("close", cap.startWork(socket));
    answer(source, shared, request, isLocal(request.socket.remoteAddress ?? "")).then(
      ({ status, contentType, body }) => response.writeHead(status, { "content-type": contentType }).end(body),
      (error: unknown) => response.writeHead(500, { "content-type": "text/plain" }).end(`${String(error)}\n`),
    );
  });
  server.timeout = IDLE_TIMEOUT_MS;
  const cap = new ConnectionCap(server, MAX_ADMIN_CONNECTIONS);
  server.listen({ host: at.address, port: at.port });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type PageContent = Awaited<ReturnType<AdminPage["read"]>>;

interface Shared {
  readonly metrics: SharedPages<string>;
  readonly pages: SharedPages<PageContent>;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

async function answer(
  source: AdminSource,
  shared: Shared,
  { method, url = "", headers }: http.IncomingMessage,
  isFromHere: boolean,
): Promise<Answer> {
  if (method !== "GET" && method !== "HEAD") return plain(405, "Only GET and HEAD.");
  const mark = url.indexOf("?");
  const path = mark === -1 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark === -1 ? "" : url.slice(mark + 1));
  switch (path) {
    case "/healthz":
      return plain(200, "ok");
    case "/readyz":
      return readiness(source, query);
    case "/metrics": {
      const { metrics } = source;
      if (metrics === undefined) return { status: 200, contentType: "text/plain", body: "" };
      const body = await shared.metrics.read(path, NO_QUERY, () => metrics.expose());
      return { status: 200, contentType: metrics.contentType, body };
    }
    default: {
      const { pages = {} } = source;
      const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
      if (page === undefined) return plain(404, `There are ${[...PATHS, ...Object.keys(pages)].join(", ")}.`);
      if (page.isPrivate && !isFromHere)
        return plain(403, "This page answers to 127.0.0.1 and ::1 only. Use kubectl port-forward.");
      if (page.isPrivate && !isAddressOrLocalhost(headers.host))
        return plain(403, "The Host header must be localhost or an IP address. Use one of them in the URL.");
      // A private page may use any query, because its callers are on this machine.
      return json(await (page.isPrivate ? page.read(query) : shared.pages.read(path, query, (one) => page.read(one))));
    }
  }
}

function readiness(source: AdminSource, query: URLSearchParams): Answer {
  const missing = source.notReady();
  const verdict = missing === undefined ? "ready" : `not ready: ${missing}`;
  const checks = query.has("verbose") ? (source.checks?.() ?? []) : [];
  return plain(missing === undefined ? 200 : 503, [...checks.map(checkLine), verdict].join("\n"));
}

/** As kube-apiserver writes them. */
function checkLine({ name, missing, isInformational = false }: ReadinessCheck): string {
  if (missing === undefined) return `[+]${name} ok`;
  return isInformational ? `[!]${name}: ${missing} (not required)` : `[-]${name}: ${missing}`;
}

const NO_QUERY = new URLSearchParams();
const PATHS = ["/healthz", "/readyz", "/metrics"];

function json(said: PageContent): Answer {
  if ("problem" in said) return plain(400, said.problem);
  return { status: 200, contentType: "application/json", body: `${JSON.stringify(said.body, undefined, 2)}\n` };
}

const LOOPBACK = new BlockList();
LOOPBACK.addAddress("127.0.0.1", "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/**
 * Reports whether the address is 127.0.0.1 or ::1, in any notation. Other addresses of 127.0.0.0/8 do not count: an Istio sidecar
 * connects from 127.0.0.6 on behalf of remote peers.
 */
export function isLoopback(address: string): boolean {
  return LOOPBACK.check(address, address.includes(":") ? "ipv6" : "ipv4");
}

function plain(status: number, sentence: string): Answer {
  return { status, contentType: "text/plain; charset=utf-8", body: `${sentence}\n` };
}
