/**
 * Short forms for proxy configurations and the deltas between them, for tests of the data plane.
 */
import type {
  BackendResource,
  BackendTarget,
  ConfigDelta,
  EndpointsResource,
  ListenerResource,
  Resource,
  RouteResource,
  TerminateTls,
  VersionedResource,
} from "../../src/model/proxy-config.ts";
import { configRevision, resourceKey, versioned } from "../../src/model/revision.ts";

export const listener = (name: string, port: number, hostname?: string): ListenerResource => ({
  kind: "listener",
  name,
  port,
  protocol: "TLS",
  tls: { mode: "Passthrough" },
  ...(hostname === undefined ? {} : { hostname }),
});

/** A listener that ends TLS, with these certificates. */
export const terminating = (
  name: string,
  port: number,
  certificates: readonly string[],
  more: { readonly hostname?: string } & Omit<TerminateTls, "mode" | "certificates"> = {},
): ListenerResource => {
  const { hostname, ...tls } = more;
  return {
    kind: "listener",
    name,
    port,
    protocol: "TLS",
    tls: { mode: "Terminate", certificates, ...tls },
    ...(hostname === undefined ? {} : { hostname }),
  };
};

/** A route at one listener; backends as `name: weight`. */
export const route = (
  name: string,
  listenerName: string,
  hostnames: readonly string[],
  backends: Readonly<Record<string, number>>,
): RouteResource => ({
  kind: "route",
  name,
  attachments: [{ listener: listenerName, hostnames }],
  backends: Object.entries(backends).map(([backend, weight]) => ({ backend, weight })),
});

export const backend = (name: string, target: BackendTarget): BackendResource => ({ kind: "backend", name, target });

/** A backend and its endpoints, both of this name; endpoints as `address:port`. */
export const service = (name: string, ...endpoints: string[]): [BackendResource, EndpointsResource] => [
  backend(name, { type: "endpoints", endpoints: name }),
  {
    kind: "endpoints",
    name,
    endpoints: endpoints.map((endpoint) => {
      const at = endpoint.lastIndexOf(":");
      return { address: endpoint.slice(0, at), port: Number(endpoint.slice(at + 1)) };
    }),
  },
];

export const configOf = (resources: readonly Resource[]): Map<string, VersionedResource> =>
  new Map(resources.map((resource) => [resourceKey(resource), versioned(resource)]));

/** What leads from one list of resources to another. */
export function deltaBetween(before: readonly Resource[], after: readonly Resource[]): ConfigDelta {
  const [from, to] = [configOf(before), configOf(after)];
  return {
    revision: configRevision(to),
    upserts: new Map([...to].filter(([key, { version }]) => from.get(key)?.version !== version)),
    removals: [...from.keys()].filter((key) => !to.has(key)),
  };
}
