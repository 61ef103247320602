/**
 * How to reach the API server: address, TLS material and credentials from a kubeconfig, and the two agents that hold the
 * connections: one keep-alive pool for requests, and one connection of its own for each watch, so that watches never
 * starve requests. It never sends anything and knows no resource.
 */
import http from "node:http";
import https from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";

/**
 * Sockets of the pool: up to 16 status writes run at a time, 8 writes of a sync and 24 late ones, lists of all kinds start together, and
 * the lease waits for none of them.
 */
const MAX_POOLED_SOCKETS = 56;

/** An idle pooled socket is dropped before load balancers in front of API servers forget it (commonly 60 s and more). */
const IDLE_SOCKET_MS = 45_000;

/** client-node re-reads token files every 60 s; reading through to it this often follows every rotation closely. */
const CREDENTIALS_FRESH_MS = 10_000;

const TLS_OPTIONS = ["ca", "cert", "key", "pfx", "passphrase", "servername", "rejectUnauthorized"] as const;

type TlsOptions = Pick<https.RequestOptions, (typeof TLS_OPTIONS)[number]>;

/** Everything a request needs apart from method, path and body. */
export interface ConnectionTarget {
  readonly protocol: "http:" | "https:";
  readonly hostname: string;
  readonly port: number;
  /** Path prefix of the server's URL, without a slash at the end; mostly empty. */
  readonly pathPrefix: string;
  readonly headers: Readonly<Record<string, string>>;
  /** `user:password`, from kubeconfigs with basic authentication. */
  readonly auth?: string;
  readonly agent: http.Agent;
}

interface Material {
  readonly readAtMs: number;
  readonly tls: TlsOptions;
  readonly headers: Readonly<Record<string, string>>;
  readonly auth?: string;
  readonly pool: http.Agent;
  readonly single: http.Agent;
}

export class Connection {
  readonly #config: KubeConfig;
  readonly #server: URL;
  #material: Material | undefined;
  #reading: Promise<Material> | undefined;

  /** @throws Error when the kubeconfig has no current cluster. */
  constructor(config: KubeConfig) {
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new Error("the kubeconfig has no current cluster: set current-context");
    this.#config = config;
    this.#server = new URL(cluster.server);
  }

  /** `pool` for requests, `single` for a watch. Rejects when an exec plugin or a file of the kubeconfig fails. */
  async target(use: "pool" | "single"): Promise<ConnectionTarget> {
    const { headers, auth, pool, single } = await this.#fresh();
    const protocol = this.#server.protocol === "http:" ? "http:" : "https:";
    return {
      protocol,
      hostname: this.#server.hostname.replace(/^\[|\]$/g, ""),
      port: Number(this.#server.port) || (protocol === "http:" ? 80 : 443),
      pathPrefix: this.#server.pathname.replace(/\/$/, ""),
      headers,
      ...(auth === undefined ? {} : { auth }),
      agent: use === "pool" ? pool : single,
    };
  }

  /** Forgets the credentials: the next request reads them anew. For answers of 401. */
  invalidate(): void {
    if (this.#material !== undefined) this.#material = { ...this.#material, readAtMs: Number.NEGATIVE_INFINITY };
  }

  /** Closes all connections. */
  close(): void {
    this.#material?.pool.destroy();
    this.#material?.single.destroy();
  }

  async #fresh(): Promise<Material> {
    const present = this.#material;
    if (present !== undefined && performance.now() - present.readAtMs < CREDENTIALS_FRESH_MS) return present;
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<Material> {
    const options: https.RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const tls: TlsOptions = Object.fromEntries(
      TLS_OPTIONS.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
    );
    const before = this.#material;
    const agents = before !== undefined && sameTls(before.tls, tls) ? before : this.#agents(tls, options.agent);
    if (before !== undefined && agents !== before) closeIdle(before.pool);
    this.#material = {
      readAtMs: performance.now(),
      tls,
      headers: plainHeaders(options.headers),
      ...(typeof options.auth === "string" ? { auth: options.auth } : {}),
      pool: agents.pool,
      single: agents.single,
    };
    return this.#material;
  }

  /** A kubeconfig with `proxy-url` keeps the agent that client-node makes for it, without our pool. */
  #agents(tls: TlsOptions, made: https.RequestOptions["agent"]): { pool: http.Agent; single: http.Agent } {
    if (this.#config.getCurrentCluster()?.proxyUrl !== undefined && made instanceof http.Agent) {
      return { pool: made, single: made };
    }
    const pooled = { keepAlive: true, maxSockets: MAX_POOLED_SOCKETS, timeout: IDLE_SOCKET_MS };
    if (this.#server.protocol === "http:") return { pool: new http.Agent(pooled), single: new http.Agent() };
    return { pool: new https.Agent({ ...tls, ...pooled }), single: new https.Agent(tls) };
  }
}

function sameTls(a: TlsOptions, b: TlsOptions): boolean {
  return TLS_OPTIONS.every((name) => String(a[name]) === String(b[name]));
}

function plainHeaders(headers: https.RequestOptions["headers"]): Record<string, string> {
  if (headers === undefined || Array.isArray(headers)) return {};
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

/** Sockets in use finish their request; those waiting for one would hold the old credentials. */
function closeIdle(agent: http.Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}
