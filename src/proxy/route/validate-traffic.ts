/**
 * Whether what a configuration says about clients, endpoints and the proxy as a whole can be followed. Pure.
 */
import type { BackendResource } from "../../model/proxy-config.ts";
import type { ClientTraffic, HealthCheck, RelayTimeOuts, SettingsResource } from "../../model/traffic.ts";
import { cidrProblem } from "../../net/cidr.ts";
import { isDnsName } from "../dns-name.ts";

/** A list is looked through for each connection. */
const MAX_CIDRS = 1_000;

/** RFC 3986 section 3.3, without what would end the request line. */
const PATH = /^\/[\x21-\x7e]*$/;

export function clientProblem({ proxyProtocol, allow, deny, timeOuts }: ClientTraffic): string | undefined {
  if (proxyProtocol?.trusted.length === 0) return "it takes PROXY headers and trusts no peer";
  for (const list of [proxyProtocol?.trusted ?? [], allow ?? [], deny ?? []]) {
    const problem = cidrsProblem(list);
    if (problem !== undefined) return problem;
  }
  return timeOuts === undefined ? undefined : timeOutsProblem(timeOuts);
}

export function cidrsProblem(cidrs: readonly string[]): string | undefined {
  if (cidrs.length > MAX_CIDRS) return `a list has more than ${MAX_CIDRS} CIDR blocks`;
  for (const cidr of cidrs) {
    const problem = cidrProblem(cidr);
    if (problem !== undefined) return `${JSON.stringify(cidr)} is not a CIDR block: ${problem}`;
  }
  return undefined;
}

export function trafficProblem({ target, traffic = {} }: BackendResource): string | undefined {
  const { balance, connectMs, ejection, healthCheck } = traffic;
  if (target.type === "external" && (balance !== undefined || ejection !== undefined || healthCheck !== undefined)) {
    return "the addresses of an external host cannot be balanced, ejected or checked";
  }
  const numbers = { connectMs, ...ejection };
  return notPositive(numbers) ?? (healthCheck === undefined ? undefined : checkProblem(healthCheck));
}

function checkProblem(check: HealthCheck): string | undefined {
  const { intervalMs, timeOutMs, healthyAfter, unhealthyAfter } = check;
  const problem = notPositive({ intervalMs, timeOutMs, healthyAfter, unhealthyAfter });
  if (problem !== undefined || check.type === "TCP") return problem;
  if (check.serverName !== undefined && !isDnsName(check.serverName)) {
    return `${JSON.stringify(check.serverName)} is no server name`;
  }
  return check.type === "HTTPS" && !PATH.test(check.path) ? `${JSON.stringify(check.path)} is no path` : undefined;
}

export function settingsProblem(settings: SettingsResource): string | undefined {
  const { maxConnections, maxUnrouted, maxPerClient, newConnections, timeOuts, keepAliveMs } = settings;
  const problem = notPositive({ maxConnections, maxUnrouted, maxPerClient, keepAliveMs, ...newConnections });
  return problem ?? (timeOuts === undefined ? undefined : timeOutsProblem(timeOuts));
}

function timeOutsProblem(timeOuts: RelayTimeOuts | NonNullable<SettingsResource["timeOuts"]>): string | undefined {
  return notPositive({ ...timeOuts });
}

function notPositive(numbers: Readonly<Record<string, number | undefined>>): string | undefined {
  for (const [name, value] of Object.entries(numbers)) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 1)) return `${name} ${value} is not 1 or more`;
  }
  return undefined;
}
