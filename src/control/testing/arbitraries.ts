/**
 * Generators of model values for the property tests of this folder. Typed with every member required, so that a member
 * added to the model does not compile here until the contract carries it.
 */
import fc from "fast-check";
import type { ExternalHostsResource } from "../../model/external-hosts.ts";
import type {
  AuthoritiesResource,
  BackendResource,
  BackendTls,
  CertificateResource,
  ClientValidation,
  EndpointsResource,
  InvalidBackendReason,
  ListenerResource,
  ProxyConfig,
  Resource,
  RouteResource,
  TerminateTls,
} from "../../model/proxy-config.ts";
import type { BindFailure, ConfigRefusal, HostFailure, ProxyReport, RefusalReason } from "../../model/proxy-report.ts";
import { configRevision, resourceKey, versioned } from "../../model/revision.ts";
import type {
  AcceptedProxyProtocol,
  BackendTraffic,
  Balance,
  ClientTraffic,
  Ejection,
  HealthCheck,
  RelayTimeOuts,
  SentProxyProtocol,
  SettingsResource,
} from "../../model/traffic.ts";

type Arbitraries<T> = { readonly [Member in keyof Required<T>]: fc.Arbitrary<Required<T>[Member]> };

const port = fc.integer({ min: 1, max: 65_535 });
/** A small pool, so that two configurations share names and differ in versions. */
const name = fc.integer({ min: 0, max: 7 }).map((n) => `shop/r${n}`);
const text = fc.string({ unit: "grapheme", maxLength: 12 });

const names = fc.array(name, { maxLength: 3 });

const clientValidation: Arbitraries<ClientValidation> = {
  authorities: names,
  mode: fc.constantFrom("AllowValidOnly", "AllowInsecureFallback"),
};

const terminateTls: Arbitraries<TerminateTls> = {
  mode: fc.constant("Terminate"),
  certificates: names,
  clientValidation: fc.record(clientValidation),
  backendCertificate: name,
};
const terminate = fc.record(terminateTls, { requiredKeys: ["mode", "certificates"] });
const passthrough = fc.record({ mode: fc.constant("Passthrough" as const) });

const count = fc.integer({ min: 0, max: 0xffff_ffff });
const cidrs = fc.array(
  fc.ipV4().map((address) => `${address}/32`),
  { maxLength: 3 },
);
const optional = <T>(members: Arbitraries<T>): fc.Arbitrary<T> =>
  fc.record(members as Arbitraries<object>, { requiredKeys: [] }) as fc.Arbitrary<T>;

const relayTimeOuts: Arbitraries<RelayTimeOuts> = { idleMs: count, halfClosedMs: count, maxAgeMs: count };

const acceptedProxyProtocol: Arbitraries<AcceptedProxyProtocol> = {
  mode: fc.constantFrom("required", "optional"),
  trusted: cidrs,
};

const client = optional<ClientTraffic>({
  proxyProtocol: fc.record(acceptedProxyProtocol),
  allow: cidrs,
  deny: cidrs,
  timeOuts: optional(relayTimeOuts),
});

type CheckOf<Type> = Extract<HealthCheck, { type: Type }>;
const checkTimes = { intervalMs: count, timeOutMs: count, healthyAfter: count, unhealthyAfter: count };
const tcpCheck: Arbitraries<CheckOf<"TCP">> = { ...checkTimes, type: fc.constant("TCP") };
const tlsCheck: Arbitraries<CheckOf<"TLS">> = { ...checkTimes, type: fc.constant("TLS"), serverName: text };
const httpsCheck: Arbitraries<CheckOf<"HTTPS">> = {
  ...checkTimes,
  type: fc.constant("HTTPS"),
  serverName: text,
  path: text,
};

const ejection: Arbitraries<Ejection> = { consecutiveFailures: count, baseMs: count, maxMs: count };
const sentV2: Arbitraries<Extract<SentProxyProtocol, { version: 2 }>> = {
  version: fc.constant(2),
  authority: fc.boolean(),
  uniqueId: fc.boolean(),
};

const traffic = optional<BackendTraffic>({
  balance: fc.constantFrom<Balance>("RoundRobin", "LeastConnections", "ConsistentHash"),
  proxyProtocol: fc.oneof(fc.record({ version: fc.constant(1 as const) }), fc.record(sentV2)),
  connectMs: count,
  ejection: fc.record(ejection),
  healthCheck: fc.oneof(
    fc.record(tcpCheck),
    fc.record(tlsCheck, { requiredKeys: ["intervalMs", "timeOutMs", "healthyAfter", "unhealthyAfter", "type"] }),
    fc.record(httpsCheck),
  ),
});

const settings: Arbitraries<SettingsResource> = {
  kind: fc.constant("settings"),
  name: fc.constant("proxy"),
  maxConnections: count,
  maxUnrouted: count,
  maxPerClient: count,
  newConnections: fc.record({ perSecond: count, burst: count }),
  timeOuts: optional<NonNullable<SettingsResource["timeOuts"]>>({
    ...relayTimeOuts,
    clientHelloMs: count,
    connectMs: count,
  }),
  keepAliveMs: count,
  logging: optional<NonNullable<SettingsResource["logging"]>>({
    level: fc.constantFrom("debug", "info", "warn", "error"),
    format: fc.constantFrom("json", "text"),
    refusedPerSecond: fc.nat({ max: 1_000_000 }),
  }),
};

const externalHosts: Arbitraries<ExternalHostsResource> = {
  kind: fc.constant("externalHosts"),
  name: fc.constant("proxy"),
  deniedCidrs: cidrs,
};

type ListenerOf<Protocol> = Extract<ListenerResource, { protocol: Protocol }>;
const listenerBase = { kind: fc.constant("listener" as const), name, port, client };

const tcpListener: Arbitraries<ListenerOf<"TCP">> = { ...listenerBase, protocol: fc.constant("TCP") };
const httpListener: Arbitraries<ListenerOf<"HTTP">> = {
  ...listenerBase,
  protocol: fc.constant("HTTP"),
  hostname: text,
};
const httpsListener: Arbitraries<ListenerOf<"HTTPS">> = {
  ...listenerBase,
  protocol: fc.constant("HTTPS"),
  hostname: text,
  tls: terminate,
};
const tlsListener: Arbitraries<ListenerOf<"TLS">> = {
  ...listenerBase,
  protocol: fc.constant("TLS"),
  hostname: text,
  tls: fc.oneof(passthrough, terminate),
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

type VerifiedTls = Extract<BackendTls, { type: "verified" }>;

const verifiedTls: Arbitraries<VerifiedTls> = {
  type: fc.constant("verified"),
  serverName: text,
  subjectAltNames: fc.array(fc.record({ type: fc.constantFrom<"Hostname" | "URI">("Hostname", "URI"), value: text }), {
    maxLength: 2,
  }),
  authorities: fc.oneof(fc.constant("system" as const), names),
  certificate: name,
};

const backend: Arbitraries<BackendResource> = {
  kind: fc.constant("backend"),
  name,
  target: fc.oneof(
    fc.record({ type: fc.constant("endpoints"), endpoints: name }),
    fc.record({ type: fc.constant("external"), host: text, port }),
    fc.record({ type: fc.constant("invalid"), reason: invalidReason }),
  ),
  tls: fc.oneof(
    fc.record(verifiedTls, { requiredKeys: ["type", "serverName", "subjectAltNames", "authorities"] }),
    fc.record({ type: fc.constant("invalid" as const), reason: text }),
  ),
  traffic,
};

const endpoints: Arbitraries<EndpointsResource> = {
  kind: fc.constant("endpoints"),
  name,
  endpoints: fc.array(fc.record({ address: fc.oneof(fc.ipV4(), fc.ipV6()), port }), { maxLength: 4 }),
};

const certificate: Arbitraries<CertificateResource> = {
  kind: fc.constant("certificate"),
  name,
  certificate: text,
  privateKey: text,
};

const authorities: Arbitraries<AuthoritiesResource> = { kind: fc.constant("authorities"), name, certificates: text };

/** fast-check makes some records without a prototype, which no parser does; a clone has the ordinary one. */
const plain = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T> => values.map((value) => structuredClone(value));

export const resources: fc.Arbitrary<Resource> = plain(
  fc.oneof(
    fc.record(settings, { requiredKeys: ["kind", "name"] }),
    fc.record(externalHosts),
    fc.record(tcpListener, { requiredKeys: ["kind", "name", "port", "protocol"] }),
    fc.record(httpListener, { requiredKeys: ["kind", "name", "port", "protocol"] }),
    fc.record(httpsListener, { requiredKeys: ["kind", "name", "port", "protocol", "tls"] }),
    fc.record(tlsListener, { requiredKeys: ["kind", "name", "port", "protocol", "tls"] }),
    fc.record(route),
    fc.record(backend, { requiredKeys: ["kind", "name", "target"] }),
    fc.record(endpoints),
    fc.record(certificate),
    fc.record(authorities),
  ),
);

export function configOf(items: Iterable<Resource>): ProxyConfig {
  const byKey = new Map([...items].map((resource) => [resourceKey(resource), versioned(resource)] as const));
  return { revision: configRevision(byKey), resources: byKey };
}

export const configs: fc.Arbitrary<ProxyConfig> = fc.array(resources, { maxLength: 12 }).map(configOf);

const refusal: Arbitraries<ConfigRefusal> = {
  revision: text,
  reason: fc.constantFrom<RefusalReason>(
    "unknown_certificate",
    "unknown_authorities",
    "port_conflict",
    "invalid_resource",
  ),
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
