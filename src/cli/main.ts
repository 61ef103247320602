/**
 * The `fsm-gateway` command: reads the command line, runs one command, and turns its end into an exit code. Commands are
 * imported when they are called, so that `proxy` does not load the operator.
 */
import { Command, CommanderError, Option } from "commander";
import { whenOutputCloses } from "./closed-output.ts";
import { EXIT, UsageError } from "./exit.ts";
import { addExternalHostsOptions } from "./external-hosts-options.ts";
import {
  collectAddress,
  collectConnectTo,
  controllerNameOption,
  engineOption,
  installationNameOption,
  logFormatOption,
  logLevelOption,
  logRefusedOption,
  maxRollingGatewaysOption,
  parseAddress,
  parseBoolean,
  parseGatewayName,
  parseHostPort,
  parsePort,
  parseSeconds,
} from "./options.ts";
import { addReadScopeOptions } from "./read-scope-options.ts";
import { VERSION } from "./version.ts";

const EXIT_CODES = `
Exit codes:
  0  ended as asked
  1  failed while running
  2  the command line, a file or a port cannot be used; nothing was started
  141  nobody reads the output any more (operator and proxy go on)`;

/** What nobody sits before: connections are worth more than their log. */
const SERVICES: ReadonlySet<string> = new Set(["operator", "proxy"]);

function buildProgram(): Command {
  const program = new Command("fsm-gateway")
    .description("TLS-passthrough gateway: routes TLS connections by server name, without decrypting them.")
    .addHelpText("after", EXIT_CODES)
    .version(versionLine(), "-V, --version", "Print the version of this program and of its Node")
    .configureHelp({ helpWidth: helpWidth(process.stdout.columns), minWidthToWrap: 30 })
    .exitOverride()
    .showHelpAfterError("(fsm-gateway --help says more)");
  addRun(program);
  addCheck(program);
  addExplain(program);
  addOperator(program);
  addProxy(program);
  program
    .command("version")
    .description("print the version of this program and of its Node")
    .action(() => console.log(versionLine()));
  for (const command of program.commands) {
    command.showHelpAfterError(`(fsm-gateway ${command.name()} --help says more)`);
  }
  return program;
}

function versionLine(): string {
  return `fsm-gateway ${VERSION} (node ${process.version})`;
}

/** Columns of help: those of the terminal, between 80 and 100, beyond which lines are hard to read. */
function helpWidth(columns = 80): number {
  return Math.min(Math.max(columns, 80), 100);
}

function addRun(program: Command): void {
  addExternalHostsOptions(program.command("run"))
    .description("serve Gateways and TLSRoutes from YAML files, without Kubernetes; the files are watched")
    .argument("<files...>", "YAML files with Gateways, routes, Services and more: see below")
    .option("-n, --namespace <name>", "namespace of objects that name none", "default")
    .option("--address <ip>", "address to bind; repeatable (default: all of the machine)", collectAddress)
    .option(
      "--connect-to <host:port:address:port>",
      "reach an external host at this address instead of asking DNS; repeatable",
      collectConnectTo,
    )
    .option(
      "--admin <address:port>",
      "serve /healthz, /readyz, /metrics, /config, /connections and /stats here",
      parseHostPort,
    )
    .option("--drain-seconds <n>", "how long connections may go on after SIGTERM or Ctrl-C", parseSeconds, 10)
    .addOption(engineOption())
    .addOption(logLevelOption())
    .addOption(logFormatOption("text"))
    .addOption(logRefusedOption())
    .addHelpText("after", RUN_HELP)
    .action(async (files: string[], options) => (await import("./commands/run.ts")).run(files, options));
}

/** In the order of src/standalone/manifests/shapes.ts; a test compares. */
const RUN_HELP = `
Kinds that a file may hold:
  Gateway API          GatewayClass, Gateway, ListenerSet, TLSRoute, TCPRoute, HTTPRoute, BackendTLSPolicy, XBackend,
                       ReferenceGrant
  Kubernetes           Namespace, Secret, ConfigMap, Service, EndpointSlice
  gateway.fsm.dev      GatewayParameters (docs/guides/gateway-parameters.md: checked, of no effect here),
                       ClientTraffic, BackendTraffic (docs/guides/traffic.md)`;

const CHECK_HELP = `
Judges by the schema and rules of Gateway API (offline), by our admission, and by what the gateway would make of it all.
Only what is in the files is known: references to other objects are warnings.

Exit codes:
  0  nothing is wrong, or there are warnings only
  1  there are errors (with --strict: or warnings)
  2  the command line or a file cannot be read; nothing was checked`;

function addCheck(program: Command): void {
  addExternalHostsOptions(program.command("check"))
    .description("say what is wrong with YAML files before a cluster does; needs no cluster")
    .argument(
      "<files...>",
      "files of Kubernetes objects; - is standard input. Kinds that play no part here are passed over",
    )
    .option("-n, --namespace <name>", "namespace of objects that name none", "default")
    .addOption(
      new Option("--channel <channel>", "channel of Gateway API in your cluster")
        .choices(["standard", "experimental"])
        .default("experimental"),
    )
    .option("--strict", "warnings count as errors", false)
    .addOption(outputOption())
    .addHelpText("after", CHECK_HELP)
    .action(async (files: string[], options) => (await import("./commands/check.ts")).runCheck(files, options));
}

const EXPLAIN_HELP = `
Asks the very functions that the proxies use. Reads a cluster only (it needs to list Secrets), and does not ask its proxies
or DNS: whether a host resolves or a port is bound, the statuses say.

Exit codes:
  0  a TLS listener would serve the connection; with a port, the listeners of that port
  1  it would be refused by all of them
  2  the command line, a file or the cluster cannot be read`;

function addExplain(program: Command): void {
  addExternalHostsOptions(program.command("explain"))
    .description("say which listener, route and backends a connection gets, and why all others lose")
    .argument("<sni>", "server name (SNI), name:port or https:// URL; - for a client that sends no server name")
    .argument("[files...]", "YAML files; without any, the cluster of the kubeconfig")
    .option("-p, --port <port>", "this port alone (default: all that have listeners)", (value) => parsePort(value))
    .option("-c, --client <ip>", "a client of this address (default: one that the listener takes)", parseAddress)
    .option("-n, --namespace <name>", "namespace of objects in files that name none", "default")
    .option("-a, --all", "Print all listeners and routes that lose (default: the five nearest of each)")
    .option("--kubeconfig <file>", "Kubeconfig of the cluster (default: $KUBECONFIG, then ~/.kube/config)")
    .option("--context <name>", "Context of the kubeconfig (default: its current context)")
    .addOption(controllerNameOption())
    .addOption(outputOption())
    .addHelpText("after", EXPLAIN_HELP)
    .action(async (sni: string, files: string[], options) =>
      (await import("./commands/explain.ts")).runExplain(sni, files, options),
    );
}

function outputOption(): Option {
  return new Option("-o, --output <format>", "for people or for programs").choices(["text", "json"]).default("text");
}

function addOperator(program: Command): void {
  addReadScopeOptions(addExternalHostsOptions(program.command("operator")))
    .description(
      "watch a cluster's Gateways and TLSRoutes, run their proxies, write their status, refuse what cannot work",
    )
    .requiredOption("--proxy-image <reference>", "image of the proxies", process.env.FSM_GATEWAY_PROXY_IMAGE)
    .addOption(controllerNameOption())
    .addOption(installationNameOption())
    .addOption(maxRollingGatewaysOption())
    .option(
      "--trust-gateway-parameters <boolean>",
      "accept spec.pod.patch and images of other repositories in the GatewayParameters of Gateways, not of classes alone",
      parseBoolean,
      false,
    )
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
    .requiredOption(
      "--admin <address:port>",
      "serve /healthz, /readyz, /metrics, /config, /connections and /stats here",
      parseHostPort,
    )
    .option("--drain-seconds <n>", "how long connections may go on after SIGTERM", parseSeconds, 60)
    .addOption(engineOption())
    .addOption(logLevelOption())
    .addOption(logFormatOption("json"))
    .addOption(logRefusedOption())
    .action(async (options) => (await import("./commands/proxy.ts")).proxy(options));
}

// Before anything is written: help, too, may be read by `head`.
whenOutputCloses(SERVICES.has(process.argv[2] ?? "") ? "go_on" : "end");
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
