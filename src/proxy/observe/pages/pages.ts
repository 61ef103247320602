/**
 * The pages of the admin port about proxies: `/config`, `/connections`, `/stats`. A process has one proxy for each Gateway, and each
 * answers under the Gateway's name.
 */
import type { GatewayProxy } from "../../gateway-proxy.ts";
import type { ProxyMetrics } from "../metrics.ts";
import { type ConfigWish, shownConfig } from "./config-page.ts";
import { type Page, type PageAnswer, readHost, readLimit, unknownParameter } from "./page.ts";
import { processUsage } from "./process-usage.ts";

const RESOURCES = { most: 1_000, otherwise: 100 };
/** What a thread is kept from its connections for, by telling of so many, is a few milliseconds. */
const CONNECTIONS = { most: 1_000, otherwise: 100 };

const KINDS: readonly NonNullable<ConfigWish["kind"]>[] = [
  "settings",
  "externalHosts",
  "listener",
  "route",
  "backend",
  "endpoints",
  "certificate",
  "authorities",
];

export interface PagesOptions {
  readonly version: string;
  readonly metrics: Pick<ProxyMetrics, "sums">;
  /** Those of now, by `namespace/name` of their Gateways. */
  readonly proxies: () => ReadonlyMap<string, GatewayProxy>;
}

type Chosen = ReadonlyMap<string, GatewayProxy> | { readonly problem: string };

export class ProxyPages {
  readonly #options: PagesOptions;

  constructor(options: PagesOptions) {
    this.#options = options;
  }

  readonly config: Page = async (query) => {
    const chosen = this.#chosen(query, ["gateway", "limit", "after", "kind", "host"]);
    if (isProblem(chosen)) return chosen;
    const wish = configWish(query);
    if (isProblem(wish)) return wish;
    return forEach(chosen, async (proxy) => ({
      ready: proxy.ready,
      ...shownConfig(proxy.table, proxy.report(), wish),
    }));
  };

  readonly connections: Page = async (query) => {
    const chosen = this.#chosen(query, ["gateway", "limit", "host"]);
    if (isProblem(chosen)) return chosen;
    const limit = readLimit(query, CONNECTIONS);
    if (typeof limit !== "number") return limit;
    const serverName = readHost(query);
    return forEach(chosen, async (proxy) => {
      const { connections, matching, parts } = await proxy.look({
        limit,
        ...(serverName === undefined ? {} : { serverName }),
      });
      const silent = parts.flatMap(({ isSilent, name }) => (isSilent === true ? [name] : []));
      return {
        open: proxy.activeConnections,
        matching,
        truncated: matching > connections.length,
        ...(silent.length > 0 && { silent }),
        connections,
      };
    });
  };

  readonly stats: Page = async (query) => {
    const chosen = this.#chosen(query, ["gateway"]);
    if (isProblem(chosen)) return chosen;
    const { metrics, version } = this.#options;
    const [connections, process, gateways] = await Promise.all([
      metrics.sums(),
      processUsage(),
      each(chosen, async (proxy) => ({
        revision: proxy.table.revision,
        active: proxy.activeConnections,
        parts: (await proxy.look({ limit: 0 })).parts,
        endpoints: proxy.endpointHealth(),
      })),
    ]);
    return { body: { version, process, connections, gateways } };
  };

  #chosen(query: URLSearchParams, known: readonly string[]): Chosen {
    const unknown = unknownParameter(query, known);
    if (unknown !== undefined) return { problem: unknown };
    const all = this.#options.proxies();
    const name = query.get("gateway");
    if (name === null) return all;
    const proxy = all.get(name);
    return proxy === undefined ? { problem: `gateway: there is no "${name}" here` } : new Map([[name, proxy]]);
  }
}

function configWish(query: URLSearchParams): ConfigWish | { readonly problem: string } {
  const limit = readLimit(query, RESOURCES);
  if (typeof limit !== "number") return limit;
  const said = query.get("kind");
  const kind = KINDS.find((one) => one === said);
  if (said !== null && kind === undefined) return { problem: `kind: "${said}" is none of ${KINDS.join(", ")}` };
  const after = query.get("after");
  const host = readHost(query);
  return {
    limit,
    ...(after === null ? {} : { after }),
    ...(kind === undefined ? {} : { kind }),
    ...(host === undefined ? {} : { host }),
  };
}

function isProblem(answer: object): answer is { readonly problem: string } {
  return "problem" in answer;
}

async function forEach(
  proxies: ReadonlyMap<string, GatewayProxy>,
  say: (proxy: GatewayProxy) => Promise<object>,
): Promise<PageAnswer> {
  return { body: { gateways: await each(proxies, say) } };
}

async function each(
  proxies: ReadonlyMap<string, GatewayProxy>,
  say: (proxy: GatewayProxy) => Promise<object>,
): Promise<Readonly<Record<string, object>>> {
  const said = [...proxies].map(async ([name, proxy]) => [name, await say(proxy)] as const);
  return Object.fromEntries(await Promise.all(said));
}
