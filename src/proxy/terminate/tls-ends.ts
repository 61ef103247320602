/**
 * The TLS ends that a table asks for: built when the first connection needs them, shared by all that need the same.
 *
 * What is built goes when one of its resources does: a rotated certificate is another resource, so that it serves from the
 * next connection on and the old key is forgotten with the old table. What cannot be built fails the connections that
 * need it, and is told in the log once.
 */
import type { Logger } from "../../model/log.ts";
import type {
  AuthoritiesResource,
  BackendTls as BackendTlsConfig,
  CertificateResource,
  TerminateTls,
} from "../../model/proxy-config.ts";
import { findAuthorities, findCertificate, type RouteTable } from "../route/route-table.ts";
import { BackendTls } from "./backend-tls.ts";
import { chooseCertificates } from "./choose-certificate.ts";
import { ClientTls } from "./client-tls.ts";
import { IdentityMap } from "./identity-map.ts";
import { authoritiesProblem, type LoadedCertificate, loadCertificate, type Unusable } from "./load-pem.ts";
import { tlsErrorText } from "./tls-error.ts";

type VerifiedTls = Extract<BackendTlsConfig, { type: "verified" }>;

export class TlsEnds {
  readonly #log: Logger;
  readonly #certificates = new IdentityMap<LoadedCertificate | Unusable>();
  readonly #authorities = new IdentityMap<Unusable | undefined>();
  readonly #clients = new IdentityMap<ClientTls | Unusable>();
  readonly #backends = new IdentityMap<BackendTls | Unusable>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** What a Terminate listener shows to a client that asks for this server name. */
  forClient(table: RouteTable, tls: TerminateTls, serverName: string | undefined): ClientTls | Unusable {
    const loaded = tls.certificates.map((name) => this.#certificate(table, name));
    const certificates = chooseCertificates(loaded.filter(isUsable), serverName);
    if (certificates.length === 0) {
      return loaded.find(isUnusable) ?? { problem: "the listener has no certificate" };
    }
    const validation = tls.clientValidation;
    const authorities = this.#pems(table, validation?.authorities ?? []);
    if ("problem" in authorities) return authorities;
    const parts = [tls, ...certificates.map(({ resource }) => resource), ...authorities.resources];
    return this.#clients.get(parts, () =>
      this.#built(certificates[0]?.resource.name ?? "", () => {
        if (validation === undefined) return new ClientTls({ certificates });
        return new ClientTls({ certificates, validation: { mode: validation.mode, authorities: authorities.pems } });
      }),
    );
  }

  /** What a backend is asked for, and shown: its own policy's certificate, else the listener's. */
  forBackend(table: RouteTable, tls: VerifiedTls, { backendCertificate }: TerminateTls): BackendTls | Unusable {
    const name = tls.certificate ?? backendCertificate;
    const certificate = name === undefined ? undefined : this.#certificate(table, name);
    if (certificate !== undefined && !isUsable(certificate)) return certificate;
    const authorities = tls.authorities === "system" ? undefined : this.#pems(table, tls.authorities);
    if (authorities !== undefined && "problem" in authorities) return authorities;
    const parts = [
      tls,
      ...(certificate === undefined ? [] : [certificate.resource]),
      ...(authorities?.resources ?? []),
    ];
    return this.#backends.get(parts, () =>
      this.#built(tls.serverName, () => {
        return new BackendTls({
          tls,
          ...(certificate === undefined ? {} : { certificate }),
          ...(authorities === undefined ? {} : { authorities: authorities.pems }),
        });
      }),
    );
  }

  #certificate(table: RouteTable, name: string): LoadedCertificate | Unusable {
    const resource = held(findCertificate(table, name), name);
    return this.#certificates.get([resource], () => this.#told(loadCertificate(resource)));
  }

  #pems(
    table: RouteTable,
    names: readonly string[],
  ): Unusable | { readonly resources: readonly AuthoritiesResource[]; readonly pems: readonly string[] } {
    const resources = names.map((name) => held(findAuthorities(table, name), name));
    for (const resource of resources) {
      const unusable = this.#authorities.get([resource], () => {
        const problem = authoritiesProblem(resource);
        return problem === undefined ? undefined : this.#told({ problem });
      });
      if (unusable !== undefined) return unusable;
    }
    return { resources, pems: resources.map(({ certificates }) => certificates) };
  }

  #built<T>(name: string, build: () => T): T | Unusable {
    try {
      return build();
    } catch (error) {
      return this.#told({ problem: `TLS for ${name} cannot be set up: ${tlsErrorText(error)}` });
    }
  }

  #told<T extends object>(result: T | Unusable): T | Unusable {
    if ("problem" in result) this.#log.error("TLS cannot be set up", { problem: result.problem });
    return result;
  }
}

function isUnusable(loaded: LoadedCertificate | Unusable): loaded is Unusable {
  return "problem" in loaded;
}

function isUsable(loaded: LoadedCertificate | Unusable): loaded is LoadedCertificate {
  return !isUnusable(loaded);
}

/** A table whose references lead nowhere is a defect: it would have been refused. */
function held<T extends CertificateResource | AuthoritiesResource>(resource: T | undefined, name: string): T {
  if (resource === undefined)
    throw new Error(`the table names a certificate or authorities that it does not hold: ${name}`);
  return resource;
}
