/**
 * The translator's rules as pairs of files: `cases/<a sentence>.in.yaml` and `.out.yaml`. A case is found by its name alone;
 * an unknown kind or field in it fails. `npm run golden -- --update` writes the outputs anew: read the diff.
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { test } from "node:test";
import { parseAllDocuments, stringify } from "yaml";
import { DEFAULT_EXTERNAL_HOSTS, type ExternalHostsPolicy } from "../../src/model/external-hosts.ts";
import type { DesiredCondition, DesiredListenerStatus, Plan, StatusPlan } from "../../src/model/plan.ts";
import type { Resource } from "../../src/model/proxy-config.ts";
import type { ObservedDeployment, ParametersPolicy, Snapshot } from "../../src/model/snapshot.ts";
import { formatProblem, parseManifests } from "../../src/standalone/manifests/parse.ts";
import { snapshotOf } from "../../src/standalone/snapshot.ts";
import { translate } from "../../src/translate/translate.ts";

const update = process.argv.includes("--update");
const cases = globSync("cases/*.in.yaml", { cwd: import.meta.dirname });
assert.ok(cases.length > 0, "there are no golden cases");

for (const file of cases) {
  const input = `${import.meta.dirname}/${file}`;
  const output = input.replace(/\.in\.yaml$/, ".out.yaml");
  test(basename(file, ".in.yaml"), () => {
    const actual = render(translate(readCase(readFileSync(input, "utf8"))));
    if (update) writeFileSync(output, actual);
    assert.ok(existsSync(output), `${basename(output)} is missing: npm run golden -- --update`);
    assert.equal(actual, readFileSync(output, "utf8"));
  });
}

test("no output is left without its input", () => {
  for (const output of globSync("cases/*.out.yaml", { cwd: import.meta.dirname })) {
    assert.ok(existsSync(`${import.meta.dirname}/${output.replace(".out.", ".in.")}`), `${output} has no input`);
  }
});

/** What a cluster would show besides its manifests, in a document `kind: Observed`. */
interface Observed {
  /** The running side by Gateway. */
  readonly deployments?: Record<string, ObservedDeployment>;
  /** True where it is not said, as in a cluster. */
  readonly provisions?: boolean;
  readonly absentKinds?: readonly string[];
  readonly certificateNamespaces?: readonly string[];
  readonly unreadable?: { readonly Secret?: readonly string[]; readonly ConfigMap?: readonly string[] };
  readonly bundleVersion?: string;
  readonly parametersPolicy?: ParametersPolicy;
  /** What is not given is as by default. */
  readonly externalHosts?: Partial<ExternalHostsPolicy>;
}

/** Manifests, and at most one document `kind: Observed`. */
function readCase(text: string): Snapshot {
  const isObserved = (part: string) => /^kind: Observed$/m.test(part);
  const parts = text.split(/^---$/m);
  const manifests = parts.filter((part) => !isObserved(part)).join("---");
  const parsed = parseManifests([{ file: "in.yaml", text: manifests }], "default");
  assert.deepEqual(parsed.problems.map(formatProblem), []);
  const [document] = parseAllDocuments(parts.filter(isObserved).join("---"));
  const observed = (document?.toJS() ?? {}) as Observed;
  const { deployments = {}, provisions = true, absentKinds = [], bundleVersion, parametersPolicy } = observed;
  const { certificateNamespaces, unreadable } = observed;
  const snapshot = {
    ...snapshotOf(parsed.manifests, new Map(Object.entries(deployments))),
    provisions,
    externalHosts: { ...DEFAULT_EXTERNAL_HOSTS, ...observed.externalHosts },
    absentKinds: new Set(absentKinds),
    ...(bundleVersion !== undefined && { bundleVersion }),
    ...(certificateNamespaces !== undefined && { certificateNamespaces: new Set(certificateNamespaces) }),
    ...(unreadable !== undefined && {
      unreadable: { Secret: new Set(unreadable.Secret), ConfigMap: new Set(unreadable.ConfigMap) },
    }),
    ...(parametersPolicy !== undefined && { parametersPolicy }),
  };
  return { ...snapshot, deployments: withVersions(snapshot) };
}

/** A report names the version of the listener it speaks of: "current" stands for the one that this snapshot gives. */
function withVersions(snapshot: Snapshot): Snapshot["deployments"] {
  const { gateways } = translate(snapshot);
  return new Map(
    [...snapshot.deployments].map(([key, deployment]) => {
      const resources = gateways.get(key)?.config.resources;
      const proxies = deployment.proxies.map((proxy) => ({
        ...proxy,
        listeners: proxy.listeners.map((listener) =>
          listener.version === "current"
            ? { ...listener, version: resources?.get(listener.key)?.version ?? "" }
            : listener,
        ),
      }));
      return [key, { ...deployment, proxies }];
    }),
  );
}

/** The plan as short as it can be read: one line a condition, no hashes, of certificates whose they are. */
function render(plan: Plan): string {
  const proxies = Object.fromEntries(
    [...plan.gateways].map(([key, { ports, parameters, address, config }]) => [
      key,
      {
        ports: Object.fromEntries(ports.map(({ name, port }) => [name, port])),
        // Mostly there are none: an empty object says that what runs is as built in.
        ...(Object.keys(parameters ?? {}).length > 0 && { parameters }),
        ...(parameters === undefined && { parameters: "none that can be used" }),
        ...(address !== undefined && { address }),
        resources: [...config.resources.values()].map(({ resource }) => readable(resource)),
      },
    ]),
  );
  const statuses = Object.fromEntries(plan.statuses.filter(isInteresting).map((s) => [statusName(s), statusBody(s)]));
  const released = plan.released.size > 0 && { released: [...plan.released] };
  return stringify({ proxies, statuses, ...released }, { lineWidth: 0, aliasDuplicateObjects: false });
}

function readable(resource: Resource): unknown {
  switch (resource.kind) {
    case "certificate":
      return { kind: resource.kind, name: resource.name, subjects: subjects(resource.certificate) };
    case "authorities":
      return { kind: resource.kind, name: resource.name, subjects: subjects(resource.certificates) };
    default:
      return resource;
  }
}

function subjects(pem: string): readonly string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block).subject.replaceAll("\n", ", "));
}

/** The accepted class `fsm` is in every case and says the same. */
function isInteresting(status: StatusPlan): boolean {
  if (status.kind !== "GatewayClass" || status.name !== "fsm") return true;
  return status.conditions.some(({ status: s }) => s !== "True");
}

function statusName({ kind, namespace, name }: StatusPlan): string {
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

function statusBody(status: StatusPlan): unknown {
  switch (status.kind) {
    case "GatewayClass":
      return { ...conditions(status.conditions), supportedFeatures: status.supportedFeatures };
    case "GatewayParameters": {
      const { gateways, gatewayNames } = status;
      return { ...conditions(status.conditions), gateways, gatewayNames };
    }
    case "Gateway": {
      const { addresses, attachedListenerSets, listeners } = status;
      return {
        ...conditions(status.conditions),
        addresses: addresses.map(({ value }) => value).join(" "),
        ...(attachedListenerSets > 0 && { attachedListenerSets }),
        ...listenerStatuses(listeners),
      };
    }
    case "ListenerSet":
      return { ...conditions(status.conditions), ...listenerStatuses(status.listeners) };
    case "TLSRoute":
    case "TCPRoute":
    case "HTTPRoute":
      return status.parents.map(({ parentRef, conditions: c }) => ({ parentRef, ...conditions(c) }));
    case "BackendTLSPolicy":
      return status.ancestors.map(({ ancestorRef, conditions: c }) => ({ ancestorRef, ...conditions(c) }));
  }
}

function listenerStatuses(listeners: readonly DesiredListenerStatus[]): Record<string, unknown> {
  return Object.fromEntries(
    listeners.map((l) => [
      `listener ${l.name}`,
      {
        kinds: l.supportedKinds.map(({ kind }) => kind).join(" "),
        attachedRoutes: l.attachedRoutes,
        ...conditions(l.conditions),
      },
    ]),
  );
}

function conditions(list: readonly DesiredCondition[]): Record<string, string> {
  return Object.fromEntries(list.map(({ type, status, reason, message }) => [type, `${status} ${reason}: ${message}`]));
}
