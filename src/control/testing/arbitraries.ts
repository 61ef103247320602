/**
 * Generators of model values for the property tests of this folder. Typed with every member required, so that a member
 * added to the model does not compile here until the contract carries it.
 */
import fc from "fast-check";
import type {
  BackendResource,
  EndpointsResource,
  InvalidBackendReason,
  ListenerResource,
  ProxyConfig,
  Resource,
  RouteResource,
} from "../../model/proxy-config.ts";
import type { BindFailure, ConfigRefusal, HostFailure, ProxyReport, RefusalReason } from "../../model/proxy-report.ts";
import { configRevision, resourceKey, versioned } from "../../model/revision.ts";

type Arbitraries<T> = { readonly [Member in keyof Required<T>]: fc.Arbitrary<Required<T>[Member]> };

const port = fc.integer({ min: 1, max: 65_535 });
/** A small pool, so that two configurations share names and differ in versions. */
const name = fc.integer({ min: 0, max: 7 }).map((n) => `shop/r${n}`);
const text = fc.string({ unit: "grapheme", maxLength: 12 });

const listener: Arbitraries<ListenerResource> = {
  kind: fc.constant("listener"),
  name,
  port,
  protocol: fc.constant("TLS"),
  mode: fc.constant("Passthrough"),
  hostname: text,
};

const route: Arbitraries<RouteResource> = {
  kind: fc.constant("route"),
  name,
  attachments: fc.array(fc.record({ listener: name, hostnames: fc.array(text, { maxLength: 3 }) }), { maxLength: 2 }),
  backends: fc.array(fc.record({ backend: name, weight: fc.integer({ min: 0, max: 1_000_000 }) }), { maxLength: 3 }),
};

const invalidReason = fc.constantFrom<InvalidBackendReason>(
  "RefNotPermitted",
  "InvalidKind",
  "BackendNotFound",
  "UnsupportedProtocol",
);

const backend: Arbitraries<BackendResource> = {
  kind: fc.constant("backend"),
  name,
  target: fc.oneof(
    fc.record({ type: fc.constant("endpoints"), endpoints: name }),
    fc.record({ type: fc.constant("external"), host: text, port }),
    fc.record({ type: fc.constant("invalid"), reason: invalidReason }),
  ),
};

const endpoints: Arbitraries<EndpointsResource> = {
  kind: fc.constant("endpoints"),
  name,
  endpoints: fc.array(fc.record({ address: fc.oneof(fc.ipV4(), fc.ipV6()), port }), { maxLength: 4 }),
};

/** fast-check makes some records without a prototype, which no parser does; a clone has the ordinary one. */
const plain = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T> => values.map((value) => structuredClone(value));

export const resources: fc.Arbitrary<Resource> = plain(
  fc.oneof(
    fc.record(listener, { requiredKeys: ["kind", "name", "port", "protocol", "mode"] }),
    fc.record(route),
    fc.record(backend),
    fc.record(endpoints),
  ),
);

export function configOf(items: Iterable<Resource>): ProxyConfig {
  const byKey = new Map([...items].map((resource) => [resourceKey(resource), versioned(resource)] as const));
  return { revision: configRevision(byKey), resources: byKey };
}

export const configs: fc.Arbitrary<ProxyConfig> = fc.array(resources, { maxLength: 12 }).map(configOf);

const refusal: Arbitraries<ConfigRefusal> = {
  revision: text,
  reason: fc.constantFrom<RefusalReason>("unknown_listener", "invalid_resource", "revision_mismatch"),
  message: text,
};

const report: Arbitraries<ProxyReport> = {
  revision: text,
  listeners: fc.array(
    fc.oneof(
      fc.record({ key: name, version: text, state: fc.constant("bound") }),
      fc.record({
        key: name,
        version: text,
        state: fc.constant("failed"),
        reason: fc.constantFrom<BindFailure>("port_in_use", "port_not_permitted", "bind_failed"),
        message: text,
      }),
    ),
  ),
  unresolvedHosts: fc.array(
    fc.record({ host: text, reason: fc.constantFrom<HostFailure>("name_not_found", "dns_timeout"), message: text }),
  ),
  refusal: fc.record(refusal),
};

export const reports: fc.Arbitrary<ProxyReport> = plain(
  fc.record(report, { requiredKeys: ["revision", "listeners", "unresolvedHosts"] }),
);
