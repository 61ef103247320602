/**
 * The listening socket of the stream: TLS 1.3, HTTP/2 and Connect's handler on it, nothing of what is said there.
 *
 * It replaces Connect's own adapter, which writes to the console, and hands each call a way to reset its HTTP/2 stream.
 */

import type { Http2SecureServer, ServerHttp2Session } from "node:http2";
import { constants, createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { type ConnectRouter, createConnectRouter, createContextKey, createContextValues } from "@connectrpc/connect";
import { universalRequestFromNodeRequest, universalResponseToNodeResponse } from "@connectrpc/connect-node";
import type { Logger } from "../../model/log.ts";
import { ConnectionCap } from "../../net/connection-cap.ts";
import { MAX_REQUEST_BYTES } from "../wire/requests.ts";
import { keepUp, type SessionUpkeep } from "./session-upkeep.ts";

/** What TLS presents, PEM: the chain with the server's certificate first, and its key. */
export interface ServerCertificate {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export interface Http2EndpointOptions {
  readonly log: Logger;
  readonly certificate: ServerCertificate;
  readonly upkeep: SessionUpkeep;
  readonly maxConnections?: number;
  /** How long `close` lets calls end in order. */
  readonly closeGraceMs: number;
  readonly routes: (router: ConnectRouter) => void;
}

/** Resets the call's HTTP/2 stream: the last resort against a peer that does not read. */
export const resetStreamKey = createContextKey<() => void>(() => {});

/**
 * Maximum number of connections. Every proxy has one connection with one call. Beyond the maximum, connections without a call are
 * reset first: those of peers that never send one, during or after their TLS handshake.
 */
const MAX_CONNECTIONS = 8_192;
/** A proxy in the same cluster needs milliseconds. It needs seconds if all proxies reconnect to a busy replica at once. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** The peer's address, for limits by peer. */
export const peerKey = createContextKey<string>("");

/** A proxy needs one stream; a second is room for a reconnect that overlaps. */
const MAX_STREAMS_PER_SESSION = 2;

export class Http2Endpoint {
  readonly #options: Http2EndpointOptions;
  readonly #server: Http2SecureServer;
  readonly #cap: ConnectionCap;
  readonly #sessions = new Set<ServerHttp2Session>();
  /** All connections, those in their TLS handshake too. */
  readonly #sockets = new Set<Socket>();

  constructor(options: Http2EndpointOptions) {
    this.#options = options;
    const settings = { maxConcurrentStreams: MAX_STREAMS_PER_SESSION };
    const handle = requestHandler(options);
    const tls = { ...options.certificate, minVersion: "TLSv1.3", handshakeTimeout: HANDSHAKE_TIMEOUT_MS } as const;
    this.#server = createSecureServer({ ...tls, settings }, handle);
    this.#cap = new ConnectionCap(this.#server, options.maxConnections ?? MAX_CONNECTIONS);
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#server.on("session", (session) => this.#admit(session));
    this.#server.on("tlsClientError", (error) => options.log.debug("TLS handshake failed", { error: error.message }));
    this.#server.on("sessionError", (error) => options.log.debug("HTTP/2 session failed", { error: error.message }));
  }

  /** Resolves with the port bound, which differs from `port` when that is 0; rejects with the system's error. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        this.#server.off("error", reject);
        this.#server.on("error", (error) => this.#options.log.error("control listener failed", { error }));
        resolve((this.#server.address() as AddressInfo).port);
      });
    });
  }

  /** For connections from now on; those that exist keep theirs. Throws when certificate and key do not match. */
  setSecureContext(certificate: ServerCertificate): void {
    this.#server.setSecureContext({ ...certificate, minVersion: "TLSv1.3" });
  }

  /** Resolves when the port is free and every session has ended. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.close();
    const cut = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, this.#options.closeGraceMs);
    await closed;
    clearTimeout(cut);
  }

  #admit(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.once("close", () => this.#sessions.delete(session));
    const { remoteAddress, remotePort } = session.socket;
    session.on("stream", (stream) => stream.once("close", this.#cap.startWork({ remoteAddress, remotePort })));
    keepUp(session, this.#options.upkeep);
  }
}

function requestHandler({ routes, log }: Http2EndpointOptions) {
  // Compression would spend CPU on both sides to save little: the messages are small, or sent once.
  const router = createConnectRouter({
    grpc: false,
    grpcWeb: false,
    acceptCompression: [],
    readMaxBytes: MAX_REQUEST_BYTES,
    binaryOptions: { readUnknownFields: false },
  });
  routes(router);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    const handler = handlers.get(request.url);
    if (handler === undefined) {
      response.writeHead(404).end();
      return;
    }
    const { stream } = response;
    // A call that was answered is over, whether or not the peer goes on sending (RFC 9113, section 8.1).
    response.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR));
    const context = createContextValues()
      .set(resetStreamKey, () => stream.close(constants.NGHTTP2_CANCEL))
      .set(peerKey, request.socket.remoteAddress ?? "");
    handler(universalRequestFromNodeRequest(request, response, undefined, context))
      .then((answer) => universalResponseToNodeResponse(answer, response))
      .catch((error: unknown) => log.debug("control stream broke off", { error: String(error) }));
  };
}
