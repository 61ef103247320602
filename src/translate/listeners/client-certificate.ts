/** The certificate that a Gateway shows to its backends (GEP-3155): `spec.tls.backend.clientCertificateRef`. */
import type { Gateway } from "../../gateway-api/objects.ts";
import type { CertificateResource } from "../../model/proxy-config.ts";
import { type CertificateReferences, isProblem, referrerOf } from "../certificates/references.ts";

export type ClientCertificate =
  | { readonly certificate: CertificateResource }
  | { readonly reason: "InvalidClientCertificateRef" | "RefNotPermitted"; readonly message: string };

/** Nothing where none is asked for. */
export function assessClientCertificate(
  references: CertificateReferences,
  gateway: Gateway,
): ClientCertificate | undefined {
  const ref = gateway.spec.tls?.backend?.clientCertificateRef;
  if (ref === undefined) return undefined;
  const found = references.keyPair(referrerOf(gateway), ref, "spec.tls.backend.clientCertificateRef");
  if (!isProblem(found)) return { certificate: found };
  const reason = found.reason === "NotPermitted" ? "RefNotPermitted" : "InvalidClientCertificateRef";
  return { reason, message: found.message };
}
