/** nginx' stream module with ssl_preread: the server name is looked up in a hashed map. */
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DebianPeers } from "../peers/debian-peers.ts";
import { formatAddress, type Route } from "../world.ts";
import type { Contender, Site } from "./contender.ts";

export function nginxContender(peers: DebianPeers): Contender {
  return {
    name: "nginx",
    title: `nginx ${peers.versions.nginx}, stream`,
    setting: "one worker, `ssl_preread`, names in a `map` with hash sizes to fit, `access_log off`",
    configure(site) {
      writeFileSync(mapFile(site), site.routes.map(mapLine).join(""));
      writeFileSync(configFile(site), configuration(site, peers.nginxStreamModule));
      const args = ["-p", site.folder, "-e", join(site.folder, "error.log"), "-c", configFile(site)];
      return { program: peers.nginx, args, env: peers.environment };
    },
    change: {
      addRoute: {
        how: "SIGHUP",
        prepare: (site, route) => appendFileSync(mapFile(site), mapLine(route)),
        apply: (_site, _route, pid) => void process.kill(pid, "SIGHUP"),
      },
    },
  };
}

const configFile = (site: Site) => join(site.folder, "nginx.conf");
const mapFile = (site: Site) => join(site.folder, "names.map");
const mapLine = ({ serverName, backend }: Route) => `${serverName} ${formatAddress(backend)};\n`;

function configuration(site: Site, streamModule: string): string {
  return `load_module ${streamModule};
${process.getuid?.() === 0 ? "user root;\n" : ""}daemon off;
pid ${join(site.folder, "nginx.pid")};
error_log ${join(site.folder, "error.log")} crit;
worker_processes 1;
worker_rlimit_nofile 20000;
events { worker_connections 16000; multi_accept on; }
stream {
  access_log off;
  map_hash_max_size ${Math.max(2048, 4 * site.routes.length)};
  map_hash_bucket_size 128;
  map $ssl_preread_server_name $backend { hostnames; include ${mapFile(site)}; }
  server {
    listen ${formatAddress(site.listen)} backlog=4096;
    ssl_preread on;
    proxy_pass $backend;
    proxy_connect_timeout 5s;
    proxy_timeout 300s;
  }
}
`;
}
