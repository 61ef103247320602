/**
 * The proxy as a TLS server: one set of certificates, and one way to validate clients, for any number of connections.
 *
 * It takes sockets whose ClientHello has been read already, and hands back plaintext. It accepts no connections, keeps
 * no time and knows nothing of routes.
 */
import { constants, createHash } from "node:crypto";
import type net from "node:net";
import tls from "node:tls";
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { ClientValidation } from "../../model/proxy-config.ts";
import { carriedBy, type TlsOverTcp } from "../relay/socket-options.ts";
import type { LoadedCertificate } from "./load-pem.ts";
import { tlsErrorText } from "./tls-error.ts";

/** What the log may say of a connection that was decrypted. */
export interface DecryptedFacts {
  /** `TLSv1.3`. */
  readonly version: string;
  /** Subject of the client's certificate, only if it is valid. */
  readonly clientCertificate?: string;
}

export type ClientHandshakeOutcome =
  | { readonly socket: TlsOverTcp; readonly facts: DecryptedFacts }
  | {
      readonly reason: Extract<ConnectionReason, "client_handshake_failed" | "client_certificate_invalid">;
      readonly detail: string;
    };

interface Pending {
  readonly tcp: net.Socket;
  readonly settle: (outcome: ClientHandshakeOutcome) => void;
}

export interface ClientTlsOptions {
  /** At least one, each of another key type. */
  readonly certificates: readonly LoadedCertificate[];
  /** `authorities`: PEM. */
  readonly validation?: { readonly authorities: readonly string[]; readonly mode: ClientValidation["mode"] };
}

/** Forward secrecy and authenticated encryption only, which every client with TLS 1.2 of the last decade has. */
const CIPHERS = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
].join(":");

/** A log line stays a line: longer subjects are cut. */
const MAX_SUBJECT_LENGTH = 256;

export class ClientTls {
  readonly #server: tls.Server;
  readonly #mode: ClientValidation["mode"] | undefined;
  /** Handshakes under way by the addresses of their connection: the server's events name a socket that it has made itself. */
  readonly #pending = new Map<string, Pending>();

  /** @throws when OpenSSL takes the certificates for unfit: a key that is too short, say. */
  constructor({ certificates, validation }: ClientTlsOptions) {
    this.#mode = validation?.mode;
    // Never listens: connections are given to it, which is what its event is also for (Node's manual on tls.Server).
    this.#server = tls.createServer({
      cert: certificates.map(({ resource }) => resource.certificate),
      key: certificates.map(({ resource }) => resource.privateKey),
      minVersion: "TLSv1.2",
      maxVersion: "TLSv1.3",
      ciphers: CIPHERS,
      // The keys of session tickets are each server's own, so that no session leads from one listener's authorities to
      // another's. Where clients are validated there are no tickets at all: what was valid is validated anew.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION | (validation === undefined ? 0 : constants.SSL_OP_NO_TICKET),
      sessionIdContext: sessionContext(certificates),
      // Who is not authorized is refused below, with a reason of our own.
      ...(validation === undefined
        ? {}
        : { requestCert: true, rejectUnauthorized: false, ca: [...validation.authorities] }),
    });
    this.#server.on("secureConnection", (socket) => this.#secured(socket));
    this.#server.on("tlsClientError", (error, socket) => {
      this.#take(socket)?.settle({ reason: "client_handshake_failed", detail: tlsErrorText(error) });
    });
  }

  /** `received`: what was read from `tcp`, which must be open, have no reader and not have ended. Never rejects. */
  handshake(tcp: net.Socket, received: Buffer): Promise<ClientHandshakeOutcome> {
    const key = addressesOf(tcp);
    const { promise, resolve } = Promise.withResolvers<ClientHandshakeOutcome>();
    this.#pending.set(key, { tcp, settle: resolve });
    tcp.once("close", () => {
      if (this.#pending.get(key)?.tcp === tcp) this.#pending.delete(key);
      resolve({ reason: "client_handshake_failed", detail: "the client closed" });
    });
    tcp.pause();
    tcp.unshift(received);
    // Half a connection is of no use for a handshake; what has been decrypted may be half-closed again.
    tcp.allowHalfOpen = false;
    this.#server.emit("connection", tcp);
    return promise;
  }

  #secured(socket: tls.TLSSocket): void {
    // Until the relay listens a socket that fails must not find nobody.
    socket.on("error", () => {});
    const pending = this.#take(socket);
    if (pending === undefined) {
      // Its connection has been given up, or this is a defect; either way nobody would read it.
      socket.destroy();
    } else if (this.#mode === "AllowValidOnly" && !socket.authorized) {
      const detail = String(socket.authorizationError ?? "no certificate");
      pending.settle({ reason: "client_certificate_invalid", detail });
      // Without close_notify: a client of TLS 1.3 takes the handshake for done and must not take this for an empty answer.
      socket.destroy();
    } else {
      socket.allowHalfOpen = true;
      pending.settle({ socket: carriedBy(socket, pending.tcp), facts: factsOf(socket) });
    }
  }

  #take(socket: net.Socket): Pending | undefined {
    const key = addressesOf(socket);
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    return pending;
  }
}

/** The same for a connection and for the socket that Node's server makes of it, and no other's while it is open. */
function addressesOf({ remoteAddress, remotePort, localAddress, localPort }: net.Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

function factsOf(socket: tls.TLSSocket): DecryptedFacts {
  const version = socket.getProtocol() ?? "unknown";
  if (!socket.authorized) return { version };
  const subject = socket.getPeerX509Certificate()?.subject ?? "";
  // One attribute a line; a subject of any length is the client's to choose.
  return { version, clientCertificate: subject.replaceAll("\n", ", ").slice(0, MAX_SUBJECT_LENGTH) };
}

/** OpenSSL wants one wherever clients are asked for certificates: what sessions of one context have in common. */
function sessionContext(certificates: readonly LoadedCertificate[]): string {
  const hash = createHash("sha256");
  for (const { leaf } of certificates) hash.update(leaf.raw);
  return hash.digest("hex").slice(0, 32);
}
