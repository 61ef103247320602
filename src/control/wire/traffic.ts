/**
 * How connections are spread over a backend's endpoints, to and from the contract. Pure and total; see resource.ts for what is
 * refused.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { BackendTraffic, Balance, HealthCheck, SentProxyProtocol } from "../../model/traffic.ts";
import type {
  BackendTrafficSchema,
  HealthCheckSchema,
  SentProxyProtocolSchema,
  BackendTraffic as WireBackendTraffic,
  HealthCheck as WireHealthCheck,
  SentProxyProtocol as WireSentProxyProtocol,
} from "../generated/control_pb.ts";
import { type Decoded, present, unknown } from "./decoded.ts";

const BALANCES: Record<Balance, true> = { RoundRobin: true, LeastConnections: true, ConsistentHash: true };

export function trafficToWire(traffic: BackendTraffic): MessageInitShape<typeof BackendTrafficSchema> {
  const { balance, proxyProtocol, connectMs, ejection, healthCheck } = traffic;
  return {
    ...(balance !== undefined && { balance }),
    ...(proxyProtocol && { proxyProtocol: sentToWire(proxyProtocol) }),
    ...(connectMs !== undefined && { connectMs }),
    ...(ejection && { ejection }),
    ...(healthCheck && { healthCheck: checkToWire(healthCheck) }),
  };
}

function sentToWire(sent: SentProxyProtocol): MessageInitShape<typeof SentProxyProtocolSchema> {
  if (sent.version === 1) return { version: { case: "v1", value: {} } };
  return { version: { case: "v2", value: { authority: sent.authority, uniqueId: sent.uniqueId } } };
}

function checkToWire(check: HealthCheck): MessageInitShape<typeof HealthCheckSchema> {
  const { intervalMs, timeOutMs, healthyAfter, unhealthyAfter } = check;
  const times = { intervalMs, timeOutMs, healthyAfter, unhealthyAfter };
  switch (check.type) {
    case "TCP":
      return { ...times, type: { case: "tcp", value: {} } };
    case "TLS": {
      const value = check.serverName === undefined ? {} : { serverName: check.serverName };
      return { ...times, type: { case: "tls", value } };
    }
    case "HTTPS":
      return { ...times, type: { case: "https", value: { serverName: check.serverName, path: check.path } } };
  }
}

export function trafficFromWire(message: WireBackendTraffic): Decoded<BackendTraffic> {
  const { balance, connectMs, ejection } = message;
  if (balance !== undefined && !isBalance(balance)) return unknown(`the balance "${balance}"`);
  const sent = message.proxyProtocol && sentFromWire(message.proxyProtocol);
  if (sent?.ok === false) return sent;
  const check = message.healthCheck && checkFromWire(message.healthCheck);
  if (check?.ok === false) return check;
  const value = present<BackendTraffic>({
    balance,
    proxyProtocol: sent?.value,
    connectMs,
    ejection: ejection && {
      consecutiveFailures: ejection.consecutiveFailures,
      baseMs: ejection.baseMs,
      maxMs: ejection.maxMs,
    },
    healthCheck: check?.value,
  });
  return { ok: true, value };
}

function sentFromWire({ version }: WireSentProxyProtocol): Decoded<SentProxyProtocol> {
  switch (version.case) {
    case "v1":
      return { ok: true, value: { version: 1 } };
    case "v2":
      return { ok: true, value: { version: 2, authority: version.value.authority, uniqueId: version.value.uniqueId } };
    case undefined:
      return unknown("the version of the PROXY protocol");
  }
}

function checkFromWire(message: WireHealthCheck): Decoded<HealthCheck> {
  const { type, intervalMs, timeOutMs, healthyAfter, unhealthyAfter } = message;
  const times = { intervalMs, timeOutMs, healthyAfter, unhealthyAfter };
  switch (type.case) {
    case "tcp":
      return { ok: true, value: { ...times, type: "TCP" } };
    case "tls": {
      const { serverName } = type.value;
      return { ok: true, value: { ...times, type: "TLS", ...(serverName !== undefined && { serverName }) } };
    }
    case "https":
      return {
        ok: true,
        value: { ...times, type: "HTTPS", serverName: type.value.serverName, path: type.value.path },
      };
    case undefined:
      return unknown("its kind of health check");
  }
}

function isBalance(word: string): word is Balance {
  return Object.hasOwn(BALANCES, word);
}
