/**
 * This project as it runs in a cluster: `fsm-gateway proxy`, told by the operator's stream what to serve. The stream's
 * server runs in the bench itself, on the operator's own code; there is no Kubernetes and no translation before it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ControlServer, createControlServer } from "../../../src/control/server/server.ts";
import { createLogger } from "../../../src/logging/logger.ts";
import type { ProxyConfig } from "../../../src/model/proxy-config.ts";
import { createAuthority, issueServing } from "../../../src/operator/certificates/issue.ts";
import type { Contender, Site } from "./contender.ts";
import type { FsmVariant } from "./fsm-command.ts";
import { streamConfig, withEveryRouteChanged, withRoute } from "./stream-config.ts";

const GATEWAY = "bench/bench";
const POD = "bench";
/** Beside the port it serves. */
const ADMIN_PORT_OFFSET = 100;

interface Operator {
  readonly server: ControlServer;
  config: ProxyConfig;
}

export function streamContender({ program, name, engine, version, flags }: FsmVariant): Contender {
  const operators = new Map<Site, Operator>();
  const operatorOf = (site: Site): Operator => {
    const found = operators.get(site);
    if (found === undefined) throw new Error(`${name} was not configured here`);
    return found;
  };
  const publish = (site: Site): void => {
    const { server, config } = operatorOf(site);
    server.publish(GATEWAY, config);
  };
  return {
    name,
    title: `${version}, ${engine} engine, told by the stream`,
    setting:
      "`fsm-gateway proxy` with `--log-level warn`, the operator's stream from the bench, one route resource for each name",
    absence: ({ id }) => (/^(routes|change|start)-/.test(id) ? undefined : ""),
    async configure(site) {
      const config = streamConfig(site);
      const { server, port, authority } = await startOperator();
      operators.set(site, { server, config });
      server.publish(GATEWAY, config);
      const files = { ca: join(site.folder, "ca.crt"), token: join(site.folder, "token") };
      writeFileSync(files.ca, authority);
      writeFileSync(files.token, "token-of-the-bench");
      const stream = ["--operator", `https://localhost:${port}`, "--ca-file", files.ca, "--token-file", files.token];
      const admin = ["--admin", `${site.listen.host}:${site.listen.port + ADMIN_PORT_OFFSET}`];
      const args = ["proxy", "--gateway", GATEWAY, ...stream, ...admin, "--log-level", "warn", ...flags];
      return { program, args, env: { POD_NAME: POD } };
    },
    release(site) {
      void operators.get(site)?.server.close();
      operators.delete(site);
    },
    change: {
      addRoute: {
        how: "a delta on the stream",
        prepare(site, route) {
          const operator = operatorOf(site);
          operator.config = withRoute(operator.config, route);
        },
        apply: publish,
      },
      reload: {
        how: "a delta with every route",
        prepare(site, route) {
          const operator = operatorOf(site);
          operator.config = withEveryRouteChanged(operator.config, route);
        },
        apply: publish,
      },
    },
  };
}

async function startOperator() {
  const now = new Date();
  const authority = await createAuthority(now);
  const { certificate: cert, key } = await issueServing(authority, ["localhost"], now);
  const server = createControlServer({
    log: createLogger({ level: "error", format: "text", stream: process.stderr }),
    certificate: { cert, key },
    authenticate: async () => ({ ok: true, gateway: GATEWAY, proxyId: POD }),
    isLeader: () => true,
    onReport: () => {},
    onGone: () => {},
  });
  return { server, port: await server.listen(0, "127.0.0.1"), authority: authority.certificate };
}
