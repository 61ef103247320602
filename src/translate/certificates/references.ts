/**
 * From a reference to a Secret or a ConfigMap to what it holds, or to the reason why it cannot be used. The grant is looked
 * at before the object, so that nobody learns what exists in a namespace that grants nothing.
 */
import { formatGroupKind } from "../../gateway-api/group-kind.ts";
import {
  GATEWAY_GROUP,
  type Gateway,
  type ListenerSet,
  type ObjectReference,
  objectKey,
} from "../../gateway-api/objects.ts";
import type { AuthoritiesResource, CertificateResource } from "../../model/proxy-config.ts";
import { isPermitted } from "../grants.ts";
import type { Lookups } from "../lookups.ts";
import { findMissingRight, findUnreadNamespace, SECRETS_ARE_NOT_READ } from "./unread.ts";

/** The object in whose spec a reference stands. */
export interface Referrer {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
}

export function referrerOf({ kind, metadata }: Gateway | ListenerSet): Referrer {
  const { namespace = "" } = metadata;
  return { group: GATEWAY_GROUP, kind, namespace };
}

export interface ReferenceProblem {
  readonly reason: "NotPermitted" | "InvalidKind" | "Invalid";
  readonly message: string;
}

/** Resolves references for one assessment. */
export class CertificateReferences {
  readonly #lookups: Lookups;

  constructor(lookups: Lookups) {
    this.#lookups = lookups;
  }

  /** `field`: where the reference stands, for messages. */
  keyPair(from: Referrer, ref: ObjectReference, field: string): CertificateResource | ReferenceProblem {
    const key = this.#targetOf(from, ref, field, "Secret");
    if (typeof key !== "string") return key;
    if (this.#lookups.isAbsent("Secret")) return invalid(field, SECRETS_ARE_NOT_READ);
    const secret = this.#lookups.secret(key);
    if (secret === undefined) {
      const missingRight = findMissingRight(this.#lookups, "Secret", key);
      return invalid(field, missingRight ?? `there is no Secret ${key} of type kubernetes.io/tls`);
    }
    const pair = this.#lookups.certificates.keyPair(secret);
    return "problem" in pair ? invalid(field, pair.problem) : pair.certificate;
  }

  authorities(from: Referrer, ref: ObjectReference, field: string): AuthoritiesResource | ReferenceProblem {
    const key = this.#targetOf(from, ref, field, "ConfigMap");
    if (typeof key !== "string") return key;
    const configMap = this.#lookups.configMap(key);
    if (configMap === undefined) {
      const missingRight = findMissingRight(this.#lookups, "ConfigMap", key);
      return invalid(field, missingRight ?? `there is no ConfigMap ${key} with a ca.crt`);
    }
    const found = this.#lookups.certificates.authorities(configMap);
    return "problem" in found ? invalid(field, found.problem) : found.authorities;
  }

  /** `namespace/name`, if the reference is of the kind wanted, which is of the core group, and permitted. */
  #targetOf(from: Referrer, ref: ObjectReference, field: string, wanted: string): string | ReferenceProblem {
    const { group = "", kind = wanted, namespace = from.namespace, name } = ref;
    if (group !== "" || kind !== wanted) {
      const message = `${field}: kind ${formatGroupKind(group, kind)} is not supported; use a ${wanted}`;
      return { reason: "InvalidKind", message };
    }
    const to = { group, kind, namespace, name };
    if (isPermitted(this.#lookups, { from, to })) {
      const problem = findUnreadNamespace(this.#lookups, kind, namespace);
      return problem === undefined ? objectKey({ metadata: { namespace, name } }) : invalid(field, problem);
    }
    const grant = `a ReferenceGrant in namespace ${namespace} from ${from.kind} of namespace ${from.namespace} to ${kind}`;
    return { reason: "NotPermitted", message: `${field} may not name ${kind} ${namespace}/${name} without ${grant}` };
  }
}

export function isProblem(
  found: CertificateResource | AuthoritiesResource | ReferenceProblem,
): found is ReferenceProblem {
  return "reason" in found;
}

function invalid(field: string, message: string): ReferenceProblem {
  return { reason: "Invalid", message: `${field}: ${message}` };
}
