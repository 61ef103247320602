/** This project as `fsm-gateway run` serves it from a file, with each of its engines. */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Address, backendName, byBackend, type Route } from "../world.ts";
import type { Contender, Site } from "./contender.ts";
import type { FsmVariant } from "./fsm-command.ts";

export function standaloneContender({ program, name, engine, version, flags }: FsmVariant): Contender {
  return {
    name,
    title: `${version}, ${engine} engine`,
    // The peers write no access log; a line for each connection is ours unless told otherwise.
    setting: "`fsm-gateway run` with `--log-level warn`, a file with one TLSRoute for each name",
    ...serving(program, flags, "warn"),
  };
}

/** With the access log that the others go without. */
export function loggingContender({ program, name, engine, version, flags }: FsmVariant): Contender {
  return {
    name,
    title: `${version}, ${engine} engine, access log`,
    setting: "the same with `--log-level info`, JSON lines into a file",
    absence: ({ id }) => (id === "connections" || id === "handshakes" ? undefined : ""),
    ...serving(program, flags, "info"),
  };
}

function serving(
  program: string,
  flags: readonly string[],
  level: "warn" | "info",
): Pick<Contender, "configure" | "change"> {
  return {
    configure(site) {
      writeFileSync(manifestFile(site), manifests(site, site.routes, FIRST));
      const log = ["--log-level", level, "--log-format", "json"];
      const args = ["run", manifestFile(site), "--address", site.listen.host, ...log, ...flags];
      return { program, args };
    },
    change: {
      addRoute: {
        how: "one more TLSRoute in the watched file, by rename",
        prepare: (site, route) => writeNext(site, route, FIRST),
        apply: replaceFile,
      },
      reload: {
        how: "a file by rename in which every route has changed",
        prepare: (site, route) => writeNext(site, route, CHANGED),
        apply: replaceFile,
      },
    },
  };
}

/** Weights of the backends: of single ones they change nothing but the resource, and that for every route. */
const FIRST = 1;
const CHANGED = 2;

const manifestFile = (site: Site) => join(site.folder, "gateway.yaml");
const nextFile = (site: Site) => `${manifestFile(site)}.next`;
const replaceFile = (site: Site) => renameSync(nextFile(site), manifestFile(site));

function writeNext(site: Site, route: Route, weight: number): void {
  writeFileSync(nextFile(site), manifests(site, [...site.routes, route], weight));
}

function manifests(site: Site, routes: readonly Route[], weight: number): string {
  const services = [...byBackend(site.routes)].map(([name, [{ backend }]]) => serviceText(name, backend));
  return [gatewayText(site.listen), ...services, ...routes.map((route) => routeText(route, weight))].join("---\n");
}

function gatewayText({ port }: Address): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: bench
spec:
  gatewayClassName: fsm
  listeners:
  - name: tls
    port: ${port}
    protocol: TLS
    tls:
      mode: Passthrough
`;
}

function serviceText(name: string, { host, port }: Address): string {
  return `apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  ports:
  - port: ${port}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ${name}
  labels:
    kubernetes.io/service-name: ${name}
addressType: IPv4
ports:
- port: ${port}
endpoints:
- addresses:
  - ${host}
`;
}

/** As JSON, which is YAML and read a hundred times faster: it matters from ten thousand routes on. */
function routeText({ serverName, backend }: Route, weight: number): string {
  const route = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "TLSRoute",
    metadata: { name: serverName },
    spec: {
      parentRefs: [{ name: "bench" }],
      hostnames: [serverName],
      rules: [{ backendRefs: [{ name: backendName(backend), port: backend.port, weight }] }],
    },
  };
  return `${JSON.stringify(route)}\n`;
}
