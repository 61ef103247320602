/** HAProxy in TCP mode: the server name is looked up in a map file, which names the backend. */
import { appendFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { DebianPeers } from "../peers/debian-peers.ts";
import { backendName, byBackend, formatAddress, type Route } from "../world.ts";
import type { Contender, Site } from "./contender.ts";

/** Two descriptors for each connection: this fits the 20,000 of the machines that we measure on, and is enough for all. */
const MOST_CONNECTIONS = 7_000;

interface Variant {
  readonly name: "haproxy" | "haproxy-tuned";
  readonly label: string;
  readonly setting: string;
  readonly global: readonly string[];
  readonly defaults: readonly string[];
}

const VARIANTS: readonly Variant[] = [
  { name: "haproxy", label: "default", setting: "as it is without options", global: [], defaults: [] },
  {
    name: "haproxy-tuned",
    label: "tuned",
    setting: "`option splice-request`, `option splice-response`, `tune.pipesize 262144`",
    global: ["tune.pipesize 262144"],
    defaults: ["option splice-request", "option splice-response"],
  },
];

export function haproxyContenders(peers: DebianPeers): readonly Contender[] {
  return VARIANTS.map((variant) => ({
    name: variant.name,
    title: `HAProxy ${peers.versions.haproxy}, ${variant.label}`,
    setting: `master and one worker with one thread, names in a map file, no logs; ${variant.setting}`,
    configure(site) {
      writeFileSync(mapFile(site), site.routes.map(mapLine).join(""));
      writeFileSync(configFile(site), configuration(site, variant));
      return { program: peers.haproxy, args: ["-W", "-db", "-f", configFile(site)], env: peers.environment };
    },
    change: {
      addRoute: {
        how: "`add map` on the runtime socket",
        apply: (site, route) => runtimeCommand(site, `add map ${mapFile(site)} ${mapLine(route)}`),
      },
      reload: {
        how: "SIGUSR2 to the master",
        prepare: (site, route) => appendFileSync(mapFile(site), mapLine(route)),
        apply: (_site, _route, pid) => void process.kill(pid, "SIGUSR2"),
      },
    },
  }));
}

const configFile = (site: Site) => join(site.folder, "haproxy.cfg");
const mapFile = (site: Site) => join(site.folder, "names.map");
const socketFile = (site: Site) => join(site.folder, "stats.sock");
const mapLine = ({ serverName, backend }: Route) => `${serverName} ${backendName(backend)}\n`;

function configuration(site: Site, { global, defaults }: Variant): string {
  const backends = [...byBackend(site.routes)].map(
    ([name, [{ backend }]]) => `backend ${name}\n    server one ${formatAddress(backend)}\n`,
  );
  return `global
    maxconn ${MOST_CONNECTIONS}
    nbthread 1
    stats socket ${socketFile(site)} mode 600 level admin expose-fd listeners
${global.map((line) => `    ${line}\n`).join("")}
defaults
    mode tcp
    timeout connect 5s
    timeout client 300s
    timeout server 300s
${defaults.map((line) => `    ${line}\n`).join("")}
frontend tls
    bind ${formatAddress(site.listen)}
    maxconn ${MOST_CONNECTIONS}
    tcp-request inspect-delay 5s
    tcp-request content accept if { req.ssl_hello_type 1 }
    tcp-request content reject
    use_backend %[req.ssl_sni,lower,map(${mapFile(site)})]

${backends.join("\n")}`;
}

async function runtimeCommand(site: Site, command: string): Promise<void> {
  const socket = connect(socketFile(site));
  socket.write(command);
  const answer = (await text(socket)).trim();
  if (answer !== "") throw new Error(`HAProxy answered: ${answer}`);
}
