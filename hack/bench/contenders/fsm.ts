/** This project, as `fsm-gateway run` serves it from a file, with each of its engines. */
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../../image/environment.ts";
import { type Address, backendName, byBackend, type Route } from "../world.ts";
import type { Contender, Site } from "./contender.ts";

const PROGRAM = join(import.meta.dirname, "../../../bin/fsm-gateway");

type EngineName = "portable" | "linux";

const VARIANTS = [
  { name: "fsm-portable", engine: "portable", log: false },
  { name: "fsm-linux", engine: "linux", log: false },
  { name: "fsm-portable-logged", engine: "portable", log: true },
] as const satisfies readonly { name: Contender["name"]; engine: EngineName; log: boolean }[];

export type FsmName = (typeof VARIANTS)[number]["name"];

/** The variants that this version of the command can run, and why it cannot run the others. */
export function fsmContenders(): readonly { readonly name: FsmName; readonly contender: Contender | string }[] {
  const engines = enginesOfCommand();
  const version = mustRun(PROGRAM, ["version"]).trim();
  return VARIANTS.map(({ name, engine, log }) => {
    if (engine === "linux" && !engines.selectable) {
      return { name, contender: "`fsm-gateway run` has no --engine in this version" };
    }
    const flags = engines.selectable ? ["--engine", engine] : [];
    return { name, contender: contender({ name, engine, log, version, flags }) };
  });
}

/** Before there was a choice, the portable engine was the only one. */
function enginesOfCommand(): { readonly selectable: boolean } {
  return { selectable: mustRun(PROGRAM, ["run", "--help"]).includes("--engine") };
}

interface Variant {
  readonly name: FsmName;
  readonly engine: EngineName;
  readonly log: boolean;
  readonly version: string;
  readonly flags: readonly string[];
}

function contender({ name, engine, log, version, flags }: Variant): Contender {
  // The peers write no access log; a line for each connection is ours unless told otherwise.
  const level = log ? "info" : "warn";
  return {
    name,
    title: `${version}, ${engine} engine${log ? ", access log" : ""}`,
    setting: `one process, \`--log-level ${level}\`${log ? " into a file" : ""}, one TLSRoute for each name`,
    configure(site) {
      writeFileSync(manifestFile(site), manifests(site, site.routes));
      const { host } = site.listen;
      const args = [
        "run",
        manifestFile(site),
        "--address",
        host,
        "--log-level",
        level,
        "--log-format",
        "json",
        ...flags,
      ];
      return { program: PROGRAM, args };
    },
    change: {
      addRoute: {
        how: "one more TLSRoute in the watched file, by rename",
        prepare: (site, route) => writeFileSync(`${manifestFile(site)}.next`, manifests(site, [...site.routes, route])),
        apply: (site) => renameSync(`${manifestFile(site)}.next`, manifestFile(site)),
      },
    },
  };
}

const manifestFile = (site: Site) => join(site.folder, "gateway.yaml");

function manifests(site: Site, routes: readonly Route[]): string {
  const services = [...byBackend(site.routes)].map(([name, [{ backend }]]) => serviceText(name, backend));
  return [gatewayText(site.listen), ...services, ...routes.map(routeText)].join("---\n");
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

function routeText({ serverName, backend }: Route): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata:
  name: ${serverName}
spec:
  parentRefs:
  - name: bench
  hostnames:
  - ${serverName}
  rules:
  - backendRefs:
    - name: ${backendName(backend)}
      port: ${backend.port}
`;
}
