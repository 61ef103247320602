/**
 * Which ClientTraffic and BackendTraffic is in effect where, and what it comes to for the proxy. Pure.
 *
 * A policy is for objects of its own namespace, as Gateway API's policies are (GEP-713). Two for one target are refused when the files
 * are read (problems.ts); here the first one counts.
 */
import { namespaceOf } from "../../gateway-api/objects.ts";
import type { BackendTraffic, ClientTraffic, HealthCheck, SettingsResource } from "../../model/traffic.ts";
import type { AnyManifest } from "../manifests/parse.ts";
import type { BackendTrafficSpec, ClientTrafficSpec } from "../manifests/shapes/traffic.ts";
import type { Kinds } from "../manifests/shapes.ts";

export class TrafficPolicies {
  /** By `namespace/gateway`, or `namespace/gateway/listener`. */
  readonly #clients = new Map<string, ClientTrafficSpec>();
  /** By what the names of backends begin with: all ports of a Service have one policy. */
  readonly #backends = new Map<string, BackendTraffic>();

  constructor(manifests: readonly AnyManifest[]) {
    for (const manifest of manifests) {
      if (manifest.kind === "ClientTraffic") this.#addClient(manifest.object);
      else if (manifest.kind === "BackendTraffic") this.#addBackend(manifest.object);
    }
  }

  get isEmpty(): boolean {
    return this.#clients.size === 0 && this.#backends.size === 0;
  }

  /** For the proxies of this Gateway as a whole. `gateway`: `namespace/name`. */
  settings(gateway: string): SettingsResource | undefined {
    const spec = this.#clients.get(gateway);
    return spec === undefined ? undefined : settingsOf(spec);
  }

  /** `listener`: name of its resource. Members that its own policy has win over those of the Gateway's. */
  client(gateway: string, listener: string): ClientTraffic | undefined {
    const whole = this.#clients.get(gateway);
    const own = this.#clients.get(listener);
    if (whole === undefined && own === undefined) return undefined;
    const client = { ...(whole && clientOf(whole, false)), ...(own && clientOf(own, true)) };
    return Object.keys(client).length === 0 ? undefined : client;
  }

  /** `backend`: name of its resource: `service/ns/name:port`, `external/host:port` or `XBackend/ns/name`. */
  backend(backend: string): BackendTraffic | undefined {
    return this.#backends.get(backend.replace(/:\d+$/, ""));
  }

  #addClient(object: Kinds["ClientTraffic"]): void {
    for (const { name, sectionName } of object.spec.targetRefs) {
      const gateway = `${namespaceOf(object)}/${name}`;
      const key = sectionName === undefined ? gateway : `${gateway}/${sectionName}`;
      if (!this.#clients.has(key)) this.#clients.set(key, object.spec);
    }
  }

  #addBackend(object: Kinds["BackendTraffic"]): void {
    const traffic = trafficOf(object.spec);
    for (const target of object.spec.targetRefs) {
      const key = backendKey(namespaceOf(object), target);
      if (!this.#backends.has(key)) this.#backends.set(key, traffic);
    }
  }
}

/** The name of a target's backends, without a port. */
export function backendKey(namespace: string, { kind, name }: BackendTrafficSpec["targetRefs"][number]): string {
  if (kind === "XBackend") return `XBackend/${namespace}/${name}`;
  return name.includes(".") ? `external/${name.toLowerCase()}` : `service/${namespace}/${name}`;
}

/** Times that hold for a Gateway as a whole are in its settings already. */
function clientOf({ proxyProtocol, allow, deny, timeOuts }: ClientTrafficSpec, isOwn: boolean): ClientTraffic {
  const { idle, halfClosed, maxAge } = timeOuts ?? {};
  const own = {
    ...(idle !== undefined && { idleMs: idle }),
    ...(halfClosed !== undefined && { halfClosedMs: halfClosed }),
    ...(maxAge !== undefined && { maxAgeMs: maxAge }),
  };
  return {
    ...(proxyProtocol && {
      proxyProtocol: {
        mode: proxyProtocol.mode === "Required" ? "required" : "optional",
        trusted: proxyProtocol.trusted,
      },
    }),
    ...(allow && { allow }),
    ...(deny && { deny }),
    ...(isOwn && Object.keys(own).length > 0 && { timeOuts: own }),
  };
}

function settingsOf({ limits, timeOuts, keepAlive }: ClientTrafficSpec): SettingsResource | undefined {
  const { connections, unrouted, perClient, newConnections } = limits ?? {};
  const { hello, idle, halfClosed, maxAge } = timeOuts ?? {};
  const members = {
    ...(connections !== undefined && { maxConnections: connections }),
    ...(unrouted !== undefined && { maxUnrouted: unrouted }),
    ...(perClient !== undefined && { maxPerClient: perClient }),
    ...(newConnections && {
      newConnections: { perSecond: newConnections.perSecond, burst: newConnections.burst ?? newConnections.perSecond },
    }),
    ...(timeOuts && {
      timeOuts: {
        ...(idle !== undefined && { idleMs: idle }),
        ...(halfClosed !== undefined && { halfClosedMs: halfClosed }),
        ...(maxAge !== undefined && { maxAgeMs: maxAge }),
        ...(hello !== undefined && { clientHelloMs: hello }),
      },
    }),
    ...(keepAlive !== undefined && { keepAliveMs: keepAlive }),
  };
  return Object.keys(members).length === 0 ? undefined : { kind: "settings", name: "proxy", ...members };
}

function trafficOf({ balance, proxyProtocol, timeOuts, ejection, healthCheck }: BackendTrafficSpec): BackendTraffic {
  return {
    ...(balance && { balance }),
    ...(proxyProtocol && { proxyProtocol }),
    ...(timeOuts?.connect !== undefined && { connectMs: timeOuts.connect }),
    ...(ejection && {
      ejection: { consecutiveFailures: ejection.consecutiveFailures, baseMs: ejection.base, maxMs: ejection.max },
    }),
    ...(healthCheck && { healthCheck: checkOf(healthCheck) }),
  };
}

function checkOf(check: NonNullable<BackendTrafficSpec["healthCheck"]>): HealthCheck {
  const { interval: intervalMs, timeOut: timeOutMs, healthyAfter, unhealthyAfter } = check;
  const times = { intervalMs, timeOutMs, healthyAfter, unhealthyAfter };
  switch (check.type) {
    case "TCP":
      return { ...times, type: "TCP" };
    case "TLS":
      return { ...times, type: "TLS", ...(check.serverName !== undefined && { serverName: check.serverName }) };
    case "HTTPS":
      return { ...times, type: "HTTPS", serverName: check.serverName, path: check.path };
  }
}
