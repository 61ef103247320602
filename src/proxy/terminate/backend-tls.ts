/**
 * The proxy as a TLS client: what one backend must show, and what it is shown.
 *
 * It takes a connected socket on which nothing was sent and hands back one for plaintext, only when the backend has
 * proved that it is the one that is meant. It never dials and never tries twice.
 */
import { X509Certificate } from "node:crypto";
import type net from "node:net";
import tls from "node:tls";
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { BackendTls as BackendTlsConfig } from "../../model/proxy-config.ts";
import type { Clock } from "../clock.ts";
import { carriedBy, type TlsOverTcp } from "../relay/socket-options.ts";
import { identityProblem } from "./backend-identity.ts";
import type { LoadedCertificate } from "./load-pem.ts";
import { tlsErrorText } from "./tls-error.ts";

export type BackendHandshakeOutcome =
  | { readonly socket: TlsOverTcp; readonly version: string }
  | {
      readonly reason: Extract<ConnectionReason, "backend_handshake_failed" | "backend_certificate_invalid">;
      readonly detail: string;
    };

export interface BackendTlsOptions {
  readonly tls: Extract<BackendTlsConfig, { type: "verified" }>;
  /**
   * PEM; absent: those that Node brings along, Mozilla's. They are the same wherever the image runs, whether or not its
   * base has a store, and an administrator adds to them by NODE_EXTRA_CA_CERTS or --use-system-ca.
   */
  readonly authorities?: readonly string[];
  readonly certificate?: LoadedCertificate;
}

export class BackendTls {
  readonly #tls: BackendTlsOptions["tls"];
  readonly #context: tls.SecureContext;

  /** @throws when OpenSSL takes the certificate for unfit. */
  constructor({ tls: config, authorities, certificate }: BackendTlsOptions) {
    this.#tls = config;
    this.#context = tls.createSecureContext({
      minVersion: "TLSv1.2",
      maxVersion: "TLSv1.3",
      ...(authorities === undefined ? {} : { ca: [...authorities] }),
      ...(certificate === undefined
        ? {}
        : { cert: certificate.resource.certificate, key: certificate.resource.privateKey }),
    });
  }

  /** Never rejects. `withinMs`: what is left of the time for connecting. Whoever destroys `tcp` ends it too. */
  handshake(tcp: net.Socket, withinMs: number, clock: Clock): Promise<BackendHandshakeOutcome> {
    const { promise, resolve } = Promise.withResolvers<BackendHandshakeOutcome>();
    const socket = tls.connect({
      socket: tcp,
      servername: this.#tls.serverName,
      secureContext: this.#context,
      // Said, because a variable of the environment could say otherwise.
      rejectUnauthorized: true,
      checkServerIdentity: (_serverName, { raw }) => this.#judge(raw),
    });
    const fail = (detail: string) => {
      // Set by Node for a certificate that its check or ours has refused, and for nothing else.
      const isCertificate = Boolean(socket.authorizationError);
      resolve({ reason: isCertificate ? "backend_certificate_invalid" : "backend_handshake_failed", detail });
      tcp.destroy();
    };
    const cancel = clock.after(withinMs, () => fail("the handshake was not complete in time"));
    const onError = (error: Error) => fail(error instanceof IdentityError ? error.message : tlsErrorText(error));
    const onClose = () => fail("the backend closed");
    // They stay: until the relay listens a socket that fails must not find nobody.
    socket.once("close", onClose).on("error", onError);
    socket.once("secureConnect", () => {
      resolve({ socket: carriedBy(socket, tcp), version: socket.getProtocol() ?? "unknown" });
    });
    void promise.then(cancel);
    return promise;
  }

  #judge(certificate: Buffer): Error | undefined {
    const problem = identityProblem(new X509Certificate(certificate), this.#tls);
    return problem === undefined ? undefined : new IdentityError(problem);
  }
}

/** Its message is our own and may be told. */
class IdentityError extends Error {}
