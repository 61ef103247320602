/** How a listener decrypts: the certificates that it shows, those that clients must show, and the one for its backends. */
import type { Listener } from "../../gateway-api/objects.ts";
import type { AuthoritiesResource, CertificateResource, TerminateTls } from "../../model/proxy-config.ts";
import type { CertificateReferences } from "../certificates/references.ts";
import type { ListenerOwner, UnresolvedReference } from "./assess.ts";
import type { ClientCertificate } from "./client-certificate.ts";
import type { FrontendValidations } from "./client-validation.ts";
import { assessServerCertificates } from "./server-certificates.ts";

/** What a Gateway settles for all its listeners that decrypt. */
export interface GatewayTlsSettings {
  readonly references: CertificateReferences;
  readonly frontends: FrontendValidations;
  readonly clientCertificate: ClientCertificate | undefined;
}

export interface Termination {
  /** Absent: it cannot be done; `problems` say why. */
  readonly tls?: TerminateTls;
  /** Clients must show a certificate, and no authority for it can be used. */
  readonly lacksAuthorities: boolean;
  readonly needs: readonly (CertificateResource | AuthoritiesResource)[];
  readonly problems: readonly UnresolvedReference[];
}

export function assessTermination(
  { references, frontends, clientCertificate }: GatewayTlsSettings,
  owner: ListenerOwner,
  listener: Listener,
): Termination {
  const server = assessServerCertificates(references, owner, listener);
  const frontend = frontends(listener.port);
  const problems = [...server.problems, ...(frontend?.problems ?? [])];
  const lacksAuthorities = frontend !== undefined && frontend.validation === undefined;
  if (server.certificates.length === 0 || lacksAuthorities) return { lacksAuthorities, needs: [], problems };
  // HTTP is not routed, so that an HTTPS listener has no backends.
  const hasBackends = listener.protocol === "TLS";
  const backend = hasBackends && clientCertificate !== undefined && "certificate" in clientCertificate;
  return {
    tls: {
      mode: "Terminate",
      certificates: server.certificates.map(({ name }) => name),
      ...(frontend?.validation !== undefined && { clientValidation: frontend.validation }),
      ...(backend && { backendCertificate: clientCertificate.certificate.name }),
    },
    lacksAuthorities,
    needs: [...server.certificates, ...(frontend?.needs ?? []), ...(backend ? [clientCertificate.certificate] : [])],
    problems,
  };
}
