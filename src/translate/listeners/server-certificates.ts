/** The certificates that a listener shows: `tls.certificateRefs`, those that can be used, and what is wrong with the others. */
import type { Listener } from "../../gateway-api/objects.ts";
import type { CertificateResource } from "../../model/proxy-config.ts";
import { type CertificateReferences, isProblem, referrerOf } from "../certificates/references.ts";
import type { ListenerOwner, UnresolvedReference } from "./assess.ts";

export interface ServerCertificates {
  /** In the order of the references, each once. */
  readonly certificates: readonly CertificateResource[];
  readonly problems: readonly UnresolvedReference[];
}

/** A grant must name the kind of the object in whose spec the reference stands: a ListenerSet inherits none of its Gateway's. */
export function assessServerCertificates(
  references: CertificateReferences,
  owner: ListenerOwner,
  { tls }: Listener,
): ServerCertificates {
  const refs = tls?.certificateRefs ?? [];
  if (refs.length === 0) {
    const message =
      "tls.certificateRefs is empty: name a Secret of type kubernetes.io/tls, or set tls.mode to Passthrough";
    return { certificates: [], problems: [{ reason: "InvalidCertificateRef", message }] };
  }
  const from = referrerOf(owner);
  const certificates = new Map<string, CertificateResource>();
  const problems: UnresolvedReference[] = [];
  for (const [i, ref] of refs.entries()) {
    const found = references.keyPair(from, ref, `tls.certificateRefs[${i}]`);
    if (!isProblem(found)) certificates.set(found.name, found);
    else {
      const reason = found.reason === "NotPermitted" ? "RefNotPermitted" : "InvalidCertificateRef";
      problems.push({ reason, message: found.message });
    }
  }
  return { certificates: [...certificates.values()], problems };
}
