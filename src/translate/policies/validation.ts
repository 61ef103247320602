/**
 * What `validation` of a BackendTLSPolicy or an XBackend asks of the connection to a backend (GEP-1897), and whether it can be done.
 * What cannot be done is never done halfway: then connections are refused, and never sent unverified.
 */
import { formatGroupKind } from "../../gateway-api/group-kind.ts";
import { normalizeHostname } from "../../gateway-api/hostname.ts";
import type { BackendTlsValidation, ObjectReference } from "../../gateway-api/objects.ts";
import type { PolicyAcceptedReason, PolicyResolvedRefsReason } from "../../gateway-api/reasons.ts";
import type { AuthoritiesResource, BackendTls } from "../../model/proxy-config.ts";
import { findMissingRight, findUnreadNamespace } from "../certificates/unread.ts";
import type { Lookups } from "../lookups.ts";

export interface AssessedValidation {
  readonly tls: BackendTls;
  /** The resources that `tls` names. */
  readonly needs: readonly AuthoritiesResource[];
  /** Present when `tls` is invalid. */
  readonly problem?: ValidationProblem;
  readonly resolvedRefs: { readonly reason: PolicyResolvedRefsReason; readonly message: string };
}

type SubjectAltName = NonNullable<BackendTlsValidation["subjectAltNames"]>[number];

interface ValidationProblem {
  readonly reason: Extract<PolicyAcceptedReason, "Invalid" | "NoValidCACertificate">;
  readonly message: string;
}

/** `namespace`: where its ConfigMaps are. */
export function assessValidation(
  lookups: Lookups,
  namespace: string,
  validation: BackendTlsValidation,
): AssessedValidation {
  const refs = (validation.caCertificateRefs ?? []).map((ref, i) => resolveAuthorities(lookups, namespace, ref, i));
  const needs = refs.flatMap((ref) => ("authorities" in ref ? [ref.authorities] : []));
  const broken = refs.flatMap((ref) => ("message" in ref ? [ref] : []));
  const [first] = broken;
  const resolvedRefs =
    first === undefined
      ? ({ reason: "ResolvedRefs", message: "All references are resolved" } as const)
      : { reason: first.reason, message: broken.map(({ message }) => message).join("; ") };
  const problem =
    namesProblem(validation) ??
    (refs.length === 0
      ? wellKnownProblem(validation)
      : needs.length === 0
        ? noneValid(resolvedRefs.message)
        : undefined);
  if (problem !== undefined) {
    return { tls: { type: "invalid", reason: problem.message }, needs: [], problem, resolvedRefs };
  }
  const tls = {
    type: "verified",
    serverName: normalizeHostname(validation.hostname),
    subjectAltNames: (validation.subjectAltNames ?? []).map(subjectAltName),
    authorities: refs.length === 0 ? "system" : needs.map(({ name }) => name),
  } as const;
  return { tls, needs, resolvedRefs };
}

type ResolvedAuthorities =
  | { readonly authorities: AuthoritiesResource }
  | { readonly reason: Exclude<PolicyResolvedRefsReason, "ResolvedRefs">; readonly message: string };

function resolveAuthorities(
  lookups: Lookups,
  namespace: string,
  { group = "", kind = "ConfigMap", name }: ObjectReference,
  i: number,
): ResolvedAuthorities {
  const field = `caCertificateRefs[${i}]`;
  if (group !== "" || kind !== "ConfigMap") {
    return {
      reason: "InvalidKind",
      message: `${field}: kind ${formatGroupKind(group, kind)} is not supported; use a ConfigMap`,
    };
  }
  const unread = findUnreadNamespace(lookups, kind, namespace);
  if (unread !== undefined) return { reason: "InvalidCACertificateRef", message: `${field}: ${unread}` };
  const key = `${namespace}/${name}`;
  const configMap = lookups.configMap(key);
  const read =
    configMap === undefined
      ? {
          problem:
            findMissingRight(lookups, kind, key) ??
            `there is no ConfigMap ${name} with a ca.crt in namespace ${namespace}`,
        }
      : lookups.certificates.authorities(configMap);
  if ("authorities" in read) return read;
  return { reason: "InvalidCACertificateRef", message: `${field}: ${read.problem}` };
}

function noneValid(message: string): ValidationProblem {
  return { reason: "NoValidCACertificate", message: `None of its authorities can be used: ${message}` };
}

/** The authorities of the system that the proxies run on are the only well-known ones. */
function wellKnownProblem({ wellKnownCACertificates }: BackendTlsValidation): ValidationProblem | undefined {
  if (wellKnownCACertificates === "System") return undefined;
  const mend = "give caCertificateRefs, or set wellKnownCACertificates to System";
  const what = wellKnownCACertificates ? `"${wellKnownCACertificates}" is not known` : "No authorities are named";
  return { reason: "Invalid", message: `${what}: ${mend}` };
}

function namesProblem({ subjectAltNames = [] }: BackendTlsValidation): ValidationProblem | undefined {
  const place = subjectAltNames.findIndex(({ type, hostname, uri }) => !(type === "URI" ? uri : hostname));
  if (place === -1) return undefined;
  const message = `subjectAltNames[${place}] is empty: type Hostname needs hostname, type URI needs uri`;
  return { reason: "Invalid", message };
}

/** The CRD knows two types only. */
function subjectAltName({ type, hostname = "", uri = "" }: SubjectAltName) {
  return type === "URI"
    ? ({ type, value: uri } as const)
    : ({ type: "Hostname", value: normalizeHostname(hostname) } as const);
}
