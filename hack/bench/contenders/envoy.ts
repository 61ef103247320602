/** Envoy as a TCP proxy behind the TLS inspector; its listener comes from a watched file, so that it can change. */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { EnvoyPeer } from "../peers/envoy.ts";
import { type Address, byBackend, type Route } from "../world.ts";
import type { Contender, Site } from "./contender.ts";

export function envoyContender(peer: EnvoyPeer): Contender {
  return {
    name: "envoy",
    title: `Envoy ${peer.version}`,
    setting: "`--concurrency 1`, a filter chain for each backend, static clusters, no access log, no admin port",
    configure(site) {
      writeListener(site, site.routes, "1");
      writeFileSync(bootstrapFile(site), JSON.stringify(bootstrap(site)));
      const args = ["-c", bootstrapFile(site), "--concurrency", "1", "--log-level", "error", "--use-dynamic-base-id"];
      return { program: peer.program, args };
    },
    change: {
      addRoute: {
        how: "a new listener file, by rename",
        prepare: (site, route) => writeListener(site, [...site.routes, route], "2", ".next"),
        apply: (site) => renameSync(`${listenerFile(site)}.next`, listenerFile(site)),
      },
    },
  };
}

const bootstrapFile = (site: Site) => join(site.folder, "bootstrap.json");
const listenerFile = (site: Site) => join(site.folder, "listener.json");

const API = "type.googleapis.com/envoy";

function socketAddress({ host, port }: Address) {
  return { socket_address: { address: host, port_value: port } };
}

function bootstrap(site: Site) {
  // The default limit of 1,024 connections for each cluster is below what is held idle here.
  const thresholds = [{ max_connections: 100_000, max_pending_requests: 100_000 }];
  const clusters = [...byBackend(site.routes)].map(([name, [{ backend }]]) => ({
    name,
    type: "STATIC",
    connect_timeout: "5s",
    circuit_breakers: { thresholds },
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(backend) } }] }],
    },
  }));
  const source = { path_config_source: { path: listenerFile(site) }, resource_api_version: "V3" };
  return {
    node: { id: "bench", cluster: "bench" },
    dynamic_resources: { lds_config: source },
    static_resources: { clusters },
  };
}

function writeListener(site: Site, routes: readonly Route[], version: string, suffix = ""): void {
  const chains = [...byBackend(routes)].map(([name, members]) => ({
    filter_chain_match: { server_names: members.map(({ serverName }) => serverName) },
    filters: [
      {
        name: "tcp",
        typed_config: {
          "@type": `${API}.extensions.filters.network.tcp_proxy.v3.TcpProxy`,
          stat_prefix: name,
          cluster: name,
        },
      },
    ],
  }));
  const listener = {
    "@type": `${API}.config.listener.v3.Listener`,
    name: "tls",
    address: socketAddress(site.listen),
    listener_filters: [
      {
        name: "hello",
        typed_config: { "@type": `${API}.extensions.filters.listener.tls_inspector.v3.TlsInspector` },
      },
    ],
    filter_chains: chains,
  };
  writeFileSync(listenerFile(site) + suffix, JSON.stringify({ version_info: version, resources: [listener] }));
}
