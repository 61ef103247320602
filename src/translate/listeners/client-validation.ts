/**
 * Which certificates clients must show (GEP-91): `spec.tls.frontend` of the Gateway, by port. It holds for every listener that
 * decrypts, those of ListenerSets too; the references are the Gateway's.
 */
import type { FrontendTls, Gateway } from "../../gateway-api/objects.ts";
import type { AuthoritiesResource, ClientValidation } from "../../model/proxy-config.ts";
import {
  type CertificateReferences,
  isProblem,
  type ReferenceProblem,
  referrerOf,
} from "../certificates/references.ts";
import type { UnresolvedReference } from "./assess.ts";

export interface FrontendValidation {
  /** Absent: none of the authorities asked for can be used, so that no client could be let in. */
  readonly validation?: ClientValidation;
  readonly needs: readonly AuthoritiesResource[];
  readonly problems: readonly UnresolvedReference[];
}

/** What holds on a port; nothing where clients need no certificate. */
export type FrontendValidations = (port: number) => FrontendValidation | undefined;

export function assessFrontends(references: CertificateReferences, gateway: Gateway): FrontendValidations {
  const { default: standard, perPort = [] } = gateway.spec.tls?.frontend ?? {};
  const field = "spec.tls.frontend";
  const byDefault = assess(references, gateway, standard, `${field}.default`);
  const byPort = new Map(
    perPort.map(({ port, tls }, i) => [port, assess(references, gateway, tls, `${field}.perPort[${i}].tls`)]),
  );
  // An entry for the port overrides the default even where it asks for nothing.
  return (port) => (byPort.has(port) ? byPort.get(port) : byDefault);
}

/** Does any port let clients in whose certificate is missing or wrong? */
export function hasInsecureFallback({ spec }: Gateway): boolean {
  const { default: standard, perPort = [] } = spec.tls?.frontend ?? {};
  return [standard, ...perPort.map(({ tls }) => tls)].some((tls) => tls?.validation?.mode === "AllowInsecureFallback");
}

function assess(
  references: CertificateReferences,
  gateway: Gateway,
  tls: FrontendTls | undefined,
  field: string,
): FrontendValidation | undefined {
  if (tls?.validation === undefined) return undefined;
  const { caCertificateRefs = [], mode } = tls.validation;
  const from = referrerOf(gateway);
  const needs: AuthoritiesResource[] = [];
  const problems: UnresolvedReference[] = [];
  for (const [i, ref] of caCertificateRefs.entries()) {
    const found = references.authorities(from, ref, `${field}.validation.caCertificateRefs[${i}]`);
    if (isProblem(found)) problems.push({ reason: REASONS[found.reason], message: found.message });
    else needs.push(found);
  }
  if (caCertificateRefs.length === 0) {
    const message = `${field}.validation.caCertificateRefs is empty: name a ConfigMap with a ca.crt`;
    problems.push({ reason: "InvalidCACertificateRef", message });
  }
  if (needs.length === 0) return { needs, problems };
  const validation: ClientValidation = {
    authorities: [...new Set(needs.map(({ name }) => name))],
    mode: mode === "AllowInsecureFallback" ? mode : "AllowValidOnly",
  };
  return { validation, needs, problems };
}

const REASONS = {
  NotPermitted: "RefNotPermitted",
  InvalidKind: "InvalidCACertificateKind",
  Invalid: "InvalidCACertificateRef",
} as const satisfies Record<ReferenceProblem["reason"], UnresolvedReference["reason"]>;
