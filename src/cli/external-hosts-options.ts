/** Options that define which hosts outside the cluster backends may name. The chart's `externalHosts` values set these options. */
import { Command, InvalidArgumentError } from "commander";
import { DEFAULT_EXTERNAL_HOSTS, type ExternalHostsPolicy } from "../model/external-hosts.ts";
import type { Logger } from "../model/log.ts";
import { CidrSet, cidrProblem } from "../net/cidr.ts";
import { isDnsName } from "../proxy/dns-name.ts";
import { parseBoolean } from "./options.ts";

export interface ExternalHostsOptions {
  readonly externalHosts?: boolean;
  readonly externalHostsAllowedNames?: readonly string[];
  readonly externalHostsDeniedCidrs?: readonly string[];
}

export function addExternalHostsOptions(command: Command): Command {
  return command
    .option(
      "--external-hosts <boolean>",
      "Allow backends that are hosts outside the cluster (default: true)",
      parseBoolean,
    )
    .option(
      "--external-hosts-allowed-names <names>",
      "Allowed DNS names, separated by commas; names under them are allowed too (default: every name)",
      parseNames,
    )
    .option(
      "--external-hosts-denied-cidrs <cidrs>",
      "CIDR blocks, separated by commas, that external hosts must not resolve to (default: link-local and metadata ranges)",
      parseCidrs,
    );
}

/** Reads the options from the arguments of another process, such as the operator's. Ignores other options. */
export function readExternalHostsOptions(args: readonly string[]): ExternalHostsOptions {
  const command = new Command().allowUnknownOption().allowExcessArguments().exitOverride();
  return addExternalHostsOptions(command)
    .configureOutput({ writeErr: () => undefined })
    .parse([...args], { from: "user" })
    .opts<ExternalHostsOptions>();
}

/** Returns the policy. An option that is not set has its default. */
export function externalHostsPolicy(options: ExternalHostsOptions): ExternalHostsPolicy {
  return {
    enabled: options.externalHosts ?? DEFAULT_EXTERNAL_HOSTS.enabled,
    allowedNames: options.externalHostsAllowedNames ?? DEFAULT_EXTERNAL_HOSTS.allowedNames,
    deniedCidrs: options.externalHostsDeniedCidrs ?? DEFAULT_EXTERNAL_HOSTS.deniedCidrs,
  };
}

export function hasExternalHostsOptions(options: ExternalHostsOptions): boolean {
  const { externalHosts, externalHostsAllowedNames, externalHostsDeniedCidrs } = options;
  return [externalHosts, externalHostsAllowedNames, externalHostsDeniedCidrs].some((option) => option !== undefined);
}

/** Warns if an administrator's list omits the metadata ranges: it replaces the default list, and metadata services give credentials. */
export function warnOfExternalHosts(log: Logger, { enabled, deniedCidrs }: ExternalHostsPolicy): void {
  const denied = new CidrSet(deniedCidrs);
  const missing = METADATA_ADDRESSES.filter((address) => !denied.has(address));
  if (!enabled || missing.length === 0) return;
  log.warn("External hosts may resolve to metadata services; add the default ranges to the denied CIDRs", {
    addresses: missing,
  });
}

/** The metadata services of most clouds. */
const METADATA_ADDRESSES = ["169.254.169.254", "fd00:ec2::254"];

function parseNames(value: string): readonly string[] {
  return splitList(value).map((text) => {
    const name = text.toLowerCase().replace(/\.$/, "");
    if (isDnsName(name)) return name;
    const fix = /^(\*\.|\.)/.test(name)
      ? `; write ${name.replace(/^\*?\./, "")}, which allows every name under it`
      : "";
    throw new InvalidArgumentError(`"${text}" is not a DNS name${fix}`);
  });
}

/** Parses at most as many CIDR blocks as a proxy accepts. */
const MAX_CIDRS = 1_000;

function parseCidrs(value: string): readonly string[] {
  const cidrs = splitList(value);
  if (cidrs.length > MAX_CIDRS) throw new InvalidArgumentError(`there are more than ${MAX_CIDRS} CIDR blocks`);
  for (const cidr of cidrs) {
    const problem = cidrProblem(cidr);
    if (problem !== undefined) throw new InvalidArgumentError(`"${cidr}" is not a CIDR block: ${problem}`);
  }
  return cidrs;
}

/** Splits a list. An empty text is an empty list. */
function splitList(value: string): readonly string[] {
  return value
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "");
}
