/**
 * The client's side of a connection until the relay takes it over: what it begins with, the TLS that is ended for it, and
 * how it is let go when nothing is relayed.
 *
 * It decides nothing and keeps no time.
 */
import type net from "node:net";
import type { ClientHandshakeOutcome, ClientTls } from "../terminate/client-tls.ts";
import { type BeginningParser, ClientIntake } from "./client-intake.ts";
import type { TlsOverTcp } from "./socket-options.ts";

const NOTHING = Buffer.alloc(0);

export class ClientSide {
  readonly tcp: net.Socket;
  /** What the relay moves the bytes of: the socket, or the TLS upon it. */
  stream: net.Socket | TlsOverTcp;
  readonly #onBroken: (error: Error) => void;
  #intake: { release(): Buffer } | undefined;
  #isHandedOver = false;
  /** Read already, for whoever reads next. */
  #unread: Buffer = NOTHING;

  /** `onBroken`: the client failed after its beginning was known, and before it was handed over. */
  constructor(tcp: net.Socket, onBroken: (error: Error) => void) {
    this.tcp = tcp;
    this.stream = tcp;
    this.#onBroken = onBroken;
    // A socket that is closing may still fail; by then the record is written and nobody else listens.
    tcp.on("error", () => {});
  }

  /** Begins to read. Without a parser nothing is waited for, and whatever comes is kept for the relay. */
  read<T extends { readonly state: string }>(parser: BeginningParser<T> | undefined): ClientIntake<T> {
    const intake = new ClientIntake(this.stream, parser, this.#onBroken, this.#unread);
    this.#unread = NOTHING;
    this.#intake = intake;
    return intake;
  }

  /** Ends a reading of which only the first `consumed` bytes were meant; the rest is for the next. */
  rereadFrom(consumed: number): void {
    this.#unread = this.#release().subarray(consumed);
  }

  /** After this `stream` is plaintext, unless it has failed. */
  async decrypt(tls: ClientTls): Promise<ClientHandshakeOutcome> {
    const received = this.#release();
    if (this.tcp.readableEnded) return { reason: "client_handshake_failed", detail: "the client closed" };
    const outcome = await tls.handshake(this.tcp, received);
    if ("reason" in outcome) return outcome;
    this.stream = outcome.socket;
    outcome.socket.on("error", (error) => {
      if (!this.#isHandedOver) this.#onBroken(error);
    });
    return outcome;
  }

  /** The bytes read so far; whoever takes them listens from now on. */
  handOver(): Buffer {
    this.#isHandedOver = true;
    return this.#release();
  }

  /**
   * Ends by FIN, without a TLS alert: that is what clients take for a rejection. Closing over unread bytes would make the
   * kernel send RST, so they are read and dropped until the client closes or the socket is destroyed.
   */
  end(answer: string | undefined): void {
    this.#release();
    this.stream.on("data", () => {});
    this.stream.resume();
    if (answer === undefined) this.stream.end();
    else this.stream.end(answer);
  }

  #release(): Buffer {
    const bytes = this.#intake?.release() ?? NOTHING;
    this.#intake = undefined;
    return bytes;
  }
}
