/**
 * An XBackend (GEP-4488): a host outside the cluster as an object, with TLS of its own. Its `protocol` is not looked at: bytes are
 * passed on as they come.
 */
import { formatGroupKind } from "../../gateway-api/group-kind.ts";
import { GATEWAY_X_GROUP, type ObjectReference, objectKey, type XBackend } from "../../gateway-api/objects.ts";
import type { BackendTls } from "../../model/proxy-config.ts";
import type { KeyPair } from "../certificates/key-pair.ts";
import { findMissingRight, findUnreadNamespace, SECRETS_ARE_NOT_READ } from "../certificates/unread.ts";
import { isPermitted } from "../grants.ts";
import type { Lookups } from "../lookups.ts";
import { assessValidation } from "../policies/validation.ts";
import { externalHost } from "./external-host.ts";
import type { Refuse, ResolvedBackend } from "./resolved.ts";

/** `port`: what the backendRef says, if anything. */
export function xBackend(
  lookups: Lookups,
  object: XBackend,
  port: number | undefined,
  refuse: Refuse,
): ResolvedBackend {
  const { name } = object.metadata;
  const { type, port: own, externalHostname } = object.spec;
  const hostname = externalHostname?.hostname;
  if (hostname === undefined || own?.port === undefined) {
    return refuse("InvalidKind", `XBackend ${name} is of type ${type}, which is not supported; ExternalHostname is`);
  }
  if (port !== undefined && port !== own.port) {
    return refuse("BackendNotFound", `XBackend ${name} has no port ${port}; it has ${own.port}`);
  }
  const resolved = externalHost(lookups, hostname, own.port, () => `XBackend/${objectKey(object)}`, refuse);
  const encryption = encryptionOf(lookups, object, hostname);
  if (resolved.problem !== undefined || encryption === undefined) return resolved;
  const { tls, needs, note } = encryption;
  return {
    ...resolved,
    backend: { ...resolved.backend, tls },
    needs: [...resolved.needs, ...needs],
    ...(note !== undefined && { note }),
  };
}

interface Encryption {
  readonly tls: BackendTls;
  readonly needs: ResolvedBackend["needs"];
  /** An XBackend has no status of ours, so that the route tells what is wrong with it. */
  readonly note?: string;
}

function encryptionOf(lookups: Lookups, object: XBackend, hostname: string): Encryption | undefined {
  const { namespace = "" } = object.metadata;
  const { tls: asked } = object.spec;
  if (asked === undefined || asked.mode === "None") return undefined;
  // The API requires no validation: then the certificate must be the host's own, from an authority that the system knows.
  const validation = asked.validation ?? { hostname, wellKnownCACertificates: "System" };
  const assessed = assessValidation(lookups, namespace, validation);
  const { tls, needs, resolvedRefs } = assessed;
  if (tls.type === "invalid") return refused(object, tls.reason);
  const isWhole = resolvedRefs.reason === "ResolvedRefs";
  const note = isWhole ? {} : { note: `XBackend ${object.metadata.name}: ${resolvedRefs.message}` };
  if (asked.mode !== "ClientAndServer") return { tls, needs, ...note };
  const read = clientCertificate(lookups, object, asked.clientCertificateRef);
  if ("problem" in read) return refused(object, read.problem);
  return { tls: { ...tls, certificate: read.certificate.name }, needs: [...needs, read.certificate], ...note };
}

function refused({ metadata }: XBackend, reason: string): Encryption {
  const note = `Connections that a listener has decrypted are not sent to XBackend ${metadata.name}: ${reason}`;
  return { tls: { type: "invalid", reason }, needs: [], note };
}

function clientCertificate(lookups: Lookups, object: XBackend, ref: ObjectReference | undefined): KeyPair {
  if (ref === undefined) return { problem: "tls.clientCertificateRef is missing: name a Secret" };
  const { namespace: own = "" } = object.metadata;
  const { group = "", kind = "Secret", namespace = own, name } = ref;
  if (group !== "" || kind !== "Secret") {
    const problem = `tls.clientCertificateRef: kind ${formatGroupKind(group, kind)} is not supported; use a Secret`;
    return { problem };
  }
  if (
    !isPermitted(lookups, {
      from: { group: GATEWAY_X_GROUP, kind: "XBackend", namespace: own },
      to: { group, kind, namespace, name },
    })
  ) {
    const where = `namespace ${namespace}, where no ReferenceGrant permits XBackends of ${own}`;
    return { problem: `tls.clientCertificateRef: Secret ${name} is in ${where}` };
  }
  // Without these two the Gateway would wait for a Secret that is never read.
  if (lookups.isAbsent(kind)) return { problem: `tls.clientCertificateRef: ${SECRETS_ARE_NOT_READ}` };
  const unread = findUnreadNamespace(lookups, kind, namespace);
  if (unread !== undefined) return { problem: `tls.clientCertificateRef: ${unread}` };
  const key = `${namespace}/${name}`;
  const secret = lookups.secret(key);
  if (secret !== undefined) return lookups.certificates.keyPair(secret);
  const missingRight = findMissingRight(lookups, kind, key);
  if (missingRight !== undefined) return { problem: `tls.clientCertificateRef: ${missingRight}` };
  return { problem: `there is no Secret ${name} of type kubernetes.io/tls in namespace ${namespace}` };
}
