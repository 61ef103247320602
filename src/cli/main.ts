/**
 * The `fsm-gateway` command: reads the command line, runs one command, and turns its end into an exit code. Commands are
 * imported when they are called, so that `proxy` does not load the operator.
 */
import { Command, CommanderError } from "commander";
import { EXIT, UsageError } from "./exit.ts";
import {
  collectAddress,
  collectConnectTo,
  logFormatOption,
  logLevelOption,
  parseGatewayName,
  parseHostPort,
  parsePort,
  parseSeconds,
} from "./options.ts";
import { VERSION } from "./version.ts";

const EXIT_CODES = `
Exit codes:
  0  ended as asked
  1  failed while running
  2  the command line, a file or a port cannot be used; nothing was started`;

function buildProgram(): Command {
  const program = new Command("fsm-gateway")
    .description("TLS-passthrough gateway: routes TLS connections by server name, without decrypting them.")
    .addHelpText("after", EXIT_CODES)
    .exitOverride()
    .showHelpAfterError("(fsm-gateway --help says more)");
  addRun(program);
  addOperator(program);
  addProxy(program);
  program
    .command("version")
    .description("print the version of this program and of its Node")
    .action(() => console.log(`fsm-gateway ${VERSION} (node ${process.version})`));
  return program;
}

function addRun(program: Command): void {
  program
    .command("run")
    .description("serve Gateways and TLSRoutes from YAML files, without Kubernetes; the files are watched")
    .argument("<files...>", "Gateway, TLSRoute, Service, EndpointSlice, ReferenceGrant and Namespace objects")
    .option("-n, --namespace <name>", "namespace of objects that name none", "default")
    .option("--address <ip>", "address to bind; repeatable (default: all of the machine)", collectAddress)
    .option(
      "--connect-to <host:port:address:port>",
      "reach an external host at this address instead of asking DNS; repeatable",
      collectConnectTo,
    )
    .option("--admin <address:port>", "serve /healthz, /readyz and /metrics here", parseHostPort)
    .option("--drain-seconds <n>", "how long connections may go on after SIGTERM or Ctrl-C", parseSeconds, 10)
    .addOption(logLevelOption())
    .addOption(logFormatOption("text"))
    .action(async (files: string[], options) => (await import("./commands/run.ts")).run(files, options));
}

function addOperator(program: Command): void {
  program
    .command("operator")
    .description(
      "watch a cluster's Gateways and TLSRoutes, run their proxies, write their status, refuse what cannot work",
    )
    .requiredOption("--proxy-image <reference>", "image of the proxies", process.env.FSM_GATEWAY_PROXY_IMAGE)
    .option("--admin-port <port>", "serve /healthz, /readyz and /metrics here", parsePort)
    .option("--admission-port <port>", "serve admission here; 0 for any free port", (value) => parsePort(value, 0))
    .option("--stream-port <port>", "serve the proxies' configuration stream here", parsePort)
    .addOption(logLevelOption())
    .addOption(logFormatOption("json"))
    .action(async (options) => (await import("./commands/operator.ts")).operator(options));
}

function addProxy(program: Command): void {
  program
    .command("proxy")
    .description("run the proxy of one Gateway, configured by the operator's stream")
    .requiredOption("--gateway <namespace/name>", "the Gateway to serve", parseGatewayName)
    .requiredOption("--operator <url>", "the operator's stream")
    .requiredOption("--ca-file <file>", "certificates by which the operator is known; read at each connection")
    .requiredOption("--token-file <file>", "ServiceAccount token for the stream; read at each connection")
    .requiredOption("--admin <address:port>", "serve /healthz, /readyz and /metrics here", parseHostPort)
    .option("--drain-seconds <n>", "how long connections may go on after SIGTERM", parseSeconds, 60)
    .addOption(logLevelOption())
    .addOption(logFormatOption("json"))
    .action(async (options) => (await import("./commands/proxy.ts")).proxy(options));
}

try {
  await buildProgram().parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}

function exitCodeOf(error: unknown): number {
  // Commander has printed its own message by now; help and version end with its code 0.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof UsageError) {
    for (const line of error.lines) console.error(line);
    return EXIT.usage;
  }
  console.error(error);
  return EXIT.failed;
}
