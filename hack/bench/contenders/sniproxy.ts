/** sniproxy: a small event-driven proxy in C that does this one thing. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DebianPeers } from "../peers/debian-peers.ts";
import { formatAddress, type Route } from "../world.ts";
import type { Contender, Site } from "./contender.ts";

/** With so many a connection takes some 0.4 ms of its processor; with more, nothing else would be measured. */
const MOST_ROUTES = 10_000;

export function sniproxyContender(peers: DebianPeers): Contender {
  return {
    name: "sniproxy",
    title: `sniproxy ${peers.versions.sniproxy}`,
    setting: "one process, names in a table, no access log",
    absence: ({ routes }) => (routes > MOST_ROUTES ? "it tries the names one after the other" : undefined),
    configure(site) {
      writeFileSync(configFile(site), configuration(site, site.routes));
      return { program: peers.sniproxy, args: ["-f", "-c", configFile(site)], env: peers.environment };
    },
    change: {
      addRoute: {
        how: "SIGHUP",
        prepare: (site, route) => writeFileSync(configFile(site), configuration(site, [...site.routes, route])),
        apply: (_site, _route, pid) => void process.kill(pid, "SIGHUP"),
      },
    },
  };
}

const configFile = (site: Site) => join(site.folder, "sniproxy.conf");

function configuration(site: Site, routes: readonly Route[]): string {
  return `${process.getuid?.() === 0 ? "user root\n" : ""}pidfile ${join(site.folder, "sniproxy.pid")}
error_log {
  filename ${join(site.folder, "error.log")}
  priority error
}
listen ${formatAddress(site.listen)} {
  proto tls
  table names
}
table names {
${routes.map(({ serverName, backend }) => `  ${serverName} ${formatAddress(backend)}\n`).join("")}}
`;
}
