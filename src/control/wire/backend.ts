/**
 * Backends of the model to and from the contract, with the TLS that they are spoken to by. Pure and total; see resource.ts
 * for what is refused.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import type { BackendResource, BackendTarget, BackendTls, InvalidBackendReason } from "../../model/proxy-config.ts";
import type {
  BackendSchema,
  BackendTlsSchema,
  Backend as WireBackend,
  BackendTls as WireBackendTls,
  VerifiedTls as WireVerifiedTls,
} from "../generated/control_pb.ts";
import { VerifiedTlsSchema } from "../generated/control_pb.ts";
import { type Decoded, unknown } from "./decoded.ts";

type VerifiedTls = Extract<BackendTls, { type: "verified" }>;
type SubjectAltName = VerifiedTls["subjectAltNames"][number];

const INVALID_BACKEND_REASONS: Record<InvalidBackendReason, true> = {
  RefNotPermitted: true,
  InvalidKind: true,
  BackendNotFound: true,
  UnsupportedProtocol: true,
};

export function backendToWire({ target, tls }: BackendResource): MessageInitShape<typeof BackendSchema> {
  return { target: targetToWire(target), ...(tls === undefined ? {} : { tls: tlsToWire(tls) }) };
}

function targetToWire(target: BackendTarget) {
  switch (target.type) {
    case "endpoints":
      return { case: "endpoints" as const, value: target.endpoints };
    case "external":
      return { case: "external" as const, value: { host: target.host, port: target.port } };
    case "invalid":
      return { case: "invalid" as const, value: target.reason };
  }
}

function tlsToWire(tls: BackendTls): MessageInitShape<typeof BackendTlsSchema> {
  return tls.type === "invalid"
    ? { kind: { case: "invalid", value: tls.reason } }
    : { kind: { case: "verified", value: create(VerifiedTlsSchema, verifiedToWire(tls)) } };
}

function verifiedToWire(tls: VerifiedTls): MessageInitShape<typeof VerifiedTlsSchema> {
  const { serverName, subjectAltNames, authorities, certificate } = tls;
  return {
    serverName,
    subjectAltNames: subjectAltNames.map(({ type, value }) => ({
      name: type === "URI" ? { case: "uri", value } : { case: "hostname", value },
    })),
    authorities:
      authorities === "system" ? { case: "system", value: {} } : { case: "named", value: { names: [...authorities] } },
    ...(certificate === undefined ? {} : { certificate }),
  };
}

export function backendFromWire(name: string, message: WireBackend): Decoded<BackendResource> {
  const target = targetFromWire(message.target);
  if (!target.ok) return target;
  const backend: BackendResource = { kind: "backend", name, target: target.value };
  if (message.tls === undefined) return { ok: true, value: backend };
  const tls = tlsFromWire(message.tls);
  return tls.ok ? { ok: true, value: { ...backend, tls: tls.value } } : tls;
}

function targetFromWire(target: WireBackend["target"]): Decoded<BackendTarget> {
  switch (target.case) {
    case "endpoints":
      return { ok: true, value: { type: "endpoints", endpoints: target.value } };
    case "external":
      return { ok: true, value: { type: "external", host: target.value.host, port: target.value.port } };
    case "invalid":
      if (!isInvalidBackendReason(target.value)) return unknown(`the reason "${target.value}"`);
      return { ok: true, value: { type: "invalid", reason: target.value } };
    case undefined:
      return unknown("its kind of backend target");
  }
}

function tlsFromWire({ kind }: WireBackendTls): Decoded<BackendTls> {
  switch (kind.case) {
    case "verified":
      return verifiedFromWire(kind.value);
    case "invalid":
      return { ok: true, value: { type: "invalid", reason: kind.value } };
    case undefined:
      return unknown("its kind of backend TLS");
  }
}

function verifiedFromWire(message: WireVerifiedTls): Decoded<VerifiedTls> {
  const { serverName, certificate } = message;
  const authorities = authoritiesFromWire(message.authorities);
  if (!authorities.ok) return authorities;
  const subjectAltNames: SubjectAltName[] = [];
  for (const { name } of message.subjectAltNames) {
    if (name.case === undefined) return unknown("a kind of subject alternative name");
    subjectAltNames.push({ type: name.case === "uri" ? "URI" : "Hostname", value: name.value });
  }
  const optional = certificate === undefined ? {} : { certificate };
  const value = { type: "verified", serverName, subjectAltNames, authorities: authorities.value, ...optional } as const;
  return { ok: true, value };
}

function authoritiesFromWire(authorities: WireVerifiedTls["authorities"]): Decoded<VerifiedTls["authorities"]> {
  switch (authorities.case) {
    case "system":
      return { ok: true, value: "system" };
    case "named":
      return { ok: true, value: authorities.value.names };
    case undefined:
      return unknown("whom it is to trust for a backend");
  }
}

function isInvalidBackendReason(word: string): word is InvalidBackendReason {
  return Object.hasOwn(INVALID_BACKEND_REASONS, word);
}
