/**
 * The client's side of a connection until a backend is there: gathers its bytes, finds the ClientHello in them, and
 * notices when the client goes.
 *
 * Every byte is kept once, in order, for the backend. It decides nothing and never writes.
 */
import type net from "node:net";
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { ClientHello } from "../tls/client-hello.ts";
import { ClientHelloParser } from "../tls/hello-parser.ts";

/**
 * What is read ahead while the backend is dialled: enough for early data (TLS 1.3, RFC 8446 section 2.3), the reads that
 * notice a client's end, and no more.
 */
const MAX_READ_AHEAD_BYTES = 65_536;

export type IntakeResult =
  | { readonly hello: ClientHello }
  | { readonly reason: ConnectionReason; readonly detail: string };

export class ClientIntake {
  /** What the client's first bytes are. Never rejects. */
  readonly result: Promise<IntakeResult>;
  readonly #client: net.Socket;
  readonly #parser = new ClientHelloParser();
  readonly #onReset: (error: Error) => void;
  #bytes: Buffer = Buffer.alloc(0);
  #filled = 0;
  #ended = false;
  #isKnown = false;
  #resolve: (result: IntakeResult) => void = () => {};

  /** `onReset`: the client failed after its hello was known. */
  constructor(client: net.Socket, onReset: (error: Error) => void) {
    this.#client = client;
    this.#onReset = onReset;
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    client.on("data", this.#onData);
    client.on("end", this.#onEnd);
    client.on("error", this.#onError);
  }

  /** Lets go of the socket: everything read so far, and whether the client has ended its side. */
  release(): { readonly bytes: Buffer; readonly ended: boolean } {
    this.#client.off("data", this.#onData);
    this.#client.off("end", this.#onEnd);
    this.#client.off("error", this.#onError);
    const bytes = this.#bytes.subarray(0, this.#filled);
    // The connection keeps this object for hours; the bytes are not its any more.
    this.#bytes = Buffer.alloc(0);
    return { bytes, ended: this.#ended };
  }

  readonly #onData = (chunk: Buffer): void => {
    this.#keep(chunk);
    if (this.#isKnown) {
      if (this.#filled > MAX_READ_AHEAD_BYTES) this.#client.pause();
      return;
    }
    const progress = this.#parser.push(chunk);
    if (progress.state === "hello") this.#know({ hello: progress.hello });
    else if (progress.state === "refused") this.#know({ reason: progress.reason, detail: progress.detail });
  };

  readonly #onEnd = (): void => {
    this.#ended = true;
    this.#know({ reason: "client_closed_early", detail: "the client closed" });
  };

  readonly #onError = (error: Error): void => {
    if (this.#isKnown) this.#onReset(error);
    else this.#know({ reason: "client_closed_early", detail: error.message });
  };

  #know(result: IntakeResult): void {
    if (this.#isKnown) return;
    this.#isKnown = true;
    this.#resolve(result);
  }

  /** One buffer that doubles: a hello in one-byte segments must not become a hundred thousand small objects. */
  #keep(chunk: Buffer): void {
    if (this.#filled === 0) this.#bytes = chunk;
    else {
      const needed = this.#filled + chunk.length;
      if (needed > this.#bytes.length) {
        const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
        this.#bytes.copy(grown, 0, 0, this.#filled);
        this.#bytes = grown;
      }
      chunk.copy(this.#bytes, this.#filled);
    }
    this.#filled += chunk.length;
  }
}
