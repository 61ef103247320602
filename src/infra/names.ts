/**
 * Names of what is provisioned for a Gateway. A Gateway's name may have 253 characters and dots, a Service's 63 and none:
 * a name that does not fit, or would meet another after being made to fit, carries a hash.
 */
import { createHash } from "node:crypto";

/** RFC 1035 label: what a Service, a label value and a port name all take. */
const MAX_LABEL = 63;
const DNS_LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
/** 40 bits: among a million Gateways of a namespace two would meet once in two. */
const HASH_LENGTH = 10;

/** `fsm-gateway-<name>`: the ServiceAccount, ConfigMap, Service and Deployment of a Gateway. */
export function childName(gatewayName: string): string {
  return fit(`fsm-gateway-${gatewayName}`, gatewayName);
}

/** A name as the value of a label (GEP-1762): itself wherever it fits. */
export function labelValue(name: string): string {
  // A label value may hold dots and begin with a digit; only its length is a limit.
  return name.length <= MAX_LABEL ? name : fit(name, name);
}

/** Name of a Service port: the listener's, wherever it fits. */
export function portName(listenerName: string): string {
  return fit(listenerName, listenerName);
}

function fit(wanted: string, source: string): string {
  if (wanted.length <= MAX_LABEL && DNS_LABEL.test(wanted)) return wanted;
  const hash = createHash("sha256").update(source).digest("hex").slice(0, HASH_LENGTH);
  const readable = wanted
    .toLowerCase()
    .replaceAll(/[^-a-z0-9]/g, "-")
    .replace(/^[^a-z]+/, "");
  const head = readable.slice(0, MAX_LABEL - HASH_LENGTH - 1).replace(/-+$/, "");
  return `${head || "p"}-${hash}`;
}
