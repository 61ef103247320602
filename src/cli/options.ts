/** Parsers of option values that several commands share. Each failure says what was given and what is wanted. */
import { InvalidArgumentError, Option } from "commander";
import { LOG_FORMATS, type LogFormat } from "../logging/format.ts";
import { LOG_LEVELS } from "../logging/logger.ts";
import { DEFAULT_INSTALLATION } from "../model/identity.ts";
import { isIpAddress } from "../net/ip-address.ts";
import { parseRolloutLimit, type RolloutLimit } from "../operator/rollout/rollout-limit.ts";
import { ENGINE_CHOICES } from "../proxy/engine-choices.ts";

export interface LogOptions {
  readonly logLevel: "debug" | "info" | "warn" | "error";
  readonly logFormat: LogFormat;
}

export function logLevelOption(): Option {
  return new Option("--log-level <level>", "least urgent log lines to write").choices([...LOG_LEVELS]).default("info");
}

export function logFormatOption(initial: LogFormat): Option {
  return new Option("--log-format <format>", "JSON lines, or text for people")
    .choices([...LOG_FORMATS])
    .default(initial);
}

export interface AccessLogOptions extends LogOptions {
  /** Undefined: as built in. */
  readonly logRefused?: number;
}

export function logRefusedOption(): Option {
  return new Option(
    "--log-refused <n>",
    "lines of refused connections a second, of each reason, beyond a burst of ten times as many; 0: all (default: 100)",
  ).argParser(parseLinesPerSecond);
}

function parseLinesPerSecond(value: string): number {
  const lines = Number(value);
  if (!Number.isInteger(lines) || lines < 0) throw new InvalidArgumentError(`"${value}" is not a number of lines`);
  return lines;
}

export function engineOption(): Option {
  return new Option("--engine <engine>", "what moves the bytes; auto: linux where it can run, else portable")
    .choices([...ENGINE_CHOICES])
    .default("auto");
}

export interface HostPort {
  readonly address: string;
  readonly port: number;
}

/** `127.0.0.1:19001` or `[::1]:19001`. */
export function parseHostPort(value: string): HostPort {
  const match = /^(?:\[(?<v6>[^\]]+)\]|(?<host>[^:]+)):(?<port>\d+)$/.exec(value);
  const address = match?.groups?.v6 ?? match?.groups?.host;
  if (address === undefined) throw new InvalidArgumentError(`"${value}" is not ADDRESS:PORT, such as 127.0.0.1:19001`);
  return { address, port: parsePort(match?.groups?.port ?? "", 0) };
}

export function parsePort(value: string, least = 1): number {
  const port = Number(value);
  if (!Number.isInteger(port) || port < least || port > 65_535) {
    throw new InvalidArgumentError(`"${value}" is not a port: ${least}–65535`);
  }
  return port;
}

export function parseBoolean(value: string): boolean {
  if (value !== "true" && value !== "false") throw new InvalidArgumentError(`"${value}" is neither true nor false`);
  return value === "true";
}

export function parseSeconds(value: string): number {
  const seconds = Number(value);
  if (!Number.isFinite(seconds) || seconds < 0) throw new InvalidArgumentError(`"${value}" is not a number of seconds`);
  return seconds;
}

export function parseAddress(value: string): string {
  if (!isIpAddress(value)) throw new InvalidArgumentError(`"${value}" is not an IP address`);
  return value;
}

/** Repeatable: an IP address to bind. */
export function collectAddress(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), parseAddress(value)];
}

/** Repeatable, as curl has it: `HOST:PORT:ADDRESS:PORT` (IPv6 addresses in brackets). */
export function collectConnectTo(
  value: string,
  before: ReadonlyMap<string, HostPort> | undefined,
): ReadonlyMap<string, HostPort> {
  const match = /^(?<host>[^:]+):(?<port>\d+):(?<to>.+)$/.exec(value);
  const { host, port, to } = match?.groups ?? {};
  if (host === undefined || port === undefined || to === undefined) {
    throw new InvalidArgumentError(`"${value}" is not HOST:PORT:ADDRESS:PORT`);
  }
  const target = parseHostPort(to);
  if (!isIpAddress(target.address)) throw new InvalidArgumentError(`"${target.address}" is not an IP address`);
  return new Map(before).set(`${host.toLowerCase()}:${parsePort(port)}`, target);
}

/** Parses RFC 1123 labels, separated by commas. */
export function parseNamespaces(value: string): ReadonlySet<string> {
  const names = value.split(",");
  const wrong = names.find((name) => !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name));
  if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is not the name of a namespace`);
  return new Set(names);
}

/** `namespace/name`. */
export function parseGatewayName(value: string): string {
  if (!/^[^/]+\/[^/]+$/.test(value)) throw new InvalidArgumentError(`"${value}" is not NAMESPACE/NAME`);
  return value;
}

export function maxRollingGatewaysOption(): Option {
  return new Option(
    "--max-rolling-gateways <count|percent>",
    "Gateways that roll out changed proxies at a time, such as 3 or 10%; a percentage rounds down to at least 1",
  )
    .argParser(parseMaxRollingGateways)
    .default({ unit: "percent", value: 10 }, "10%");
}

function parseMaxRollingGateways(value: string): RolloutLimit {
  const limit = parseRolloutLimit(value);
  if (limit === undefined)
    throw new InvalidArgumentError(`"${value}" is not a count such as 3 or a percentage 1%–100%`);
  return limit;
}

export function controllerNameOption(): Option {
  return new Option("--controller-name <domain/path>", "spec.controllerName of the GatewayClasses to serve")
    .argParser(parseControllerName)
    .default(DEFAULT_INSTALLATION.controllerName);
}

/** Validates as Gateway API's schema does. */
const CONTROLLER_NAME_PATTERN =
  /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/;

function parseControllerName(value: string): string {
  if (!CONTROLLER_NAME_PATTERN.test(value)) {
    throw new InvalidArgumentError(`"${value}" is not a domain and a path, such as example.com/gateway`);
  }
  return value;
}

export function installationNameOption(): Option {
  return new Option(
    "--name <name>",
    "name of the installation: of its Service, Lease, webhook configuration, field manager and Pepr stores; its Secret is <name>-certificates",
  )
    .argParser(parseInstallationName)
    .default(DEFAULT_INSTALLATION.name);
}

/** A Service's name. The longest name derived from it is `pepr-<name>-schedule`. */
function parseInstallationName(value: string): string {
  if (!/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/.test(value)) {
    throw new InvalidArgumentError(`"${value}" is not a DNS label of at most 40 characters`);
  }
  return value;
}

export function watchNamespacesOption(): Option {
  return new Option(
    "--watch-namespaces <names>",
    "namespaces to serve, separated by commas; objects in others are not read (default: all)",
  ).argParser(parseNamespaces);
}
