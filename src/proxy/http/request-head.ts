/**
 * Finds the end of an HTTP/1 request's head (RFC 9112 section 2.1) in a client's first bytes, in whatever portions they
 * come. It learns as much as an answer needs, and routes nothing. Pure and resumable: it looks at each byte once, and keeps none.
 */
import { isDnsName } from "../dns-name.ts";

/** What nginx and Node allow is 8 to 16 KiB in all. */
const MAX_HEAD_BYTES = 16_384;

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** Methods in use are upper case, all of them; HTTP/2's preface is too, with its own version. */
const REQUEST_LINE = /^([A-Z][A-Z-]{0,31}) \S+ HTTP\/1\.[0-9]$/;
const HOST = /^host:[ \t]*([^\s:]+)(?::\d+)?[ \t]*$/im;

export interface RequestHead {
  readonly state: "request";
  /** HEAD takes an answer without a body. */
  readonly isHead: boolean;
  /** Host name of the Host field, lower case, if it is a legal one. */
  readonly host?: string;
}

export type RequestProgress =
  | { readonly state: "need_more" }
  | RequestHead
  | { readonly state: "refused"; readonly reason: "http_not_served"; readonly detail: string };

export class RequestHeadParser {
  /** Number of bytes inspected. */
  #position = 0;
  #lineLength = 0;

  /**
   * Reads the first `length` of `bytes`, which are all received bytes: the bytes of the previous call, and more. A result other than
   * `need_more` is final.
   */
  read(bytes: Uint8Array, length: number): RequestProgress {
    if (length === 0) return NEED_MORE;
    // The first letter tells TLS and most else from HTTP; those clients need not wait for the time-out.
    if (!isUpperCase(bytes[0] ?? 0)) return refused("the first bytes are no HTTP/1 request");
    while (this.#position < length) {
      const byte = bytes[this.#position++] ?? 0;
      if (byte === LINE_FEED) {
        if (this.#lineLength === 0) return readHead(bytes.subarray(0, this.#position));
        this.#lineLength = 0;
      } else if (byte !== CARRIAGE_RETURN) {
        this.#lineLength++;
      }
      if (this.#position > MAX_HEAD_BYTES) return refused("the request's head is too large");
    }
    return NEED_MORE;
  }
}

const NEED_MORE: RequestProgress = Object.freeze({ state: "need_more" });

function readHead(bytes: Uint8Array): RequestProgress {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  const lineEnd = text.search(/\r?\n/);
  const [, method] = REQUEST_LINE.exec(text.slice(0, lineEnd)) ?? [];
  if (method === undefined) return refused("the first bytes are no HTTP/1 request");
  const host = HOST.exec(text.slice(lineEnd))?.[1]?.toLowerCase();
  const isHead = method === "HEAD";
  return host !== undefined && isDnsName(host) ? { state: "request", isHead, host } : { state: "request", isHead };
}

function isUpperCase(byte: number): boolean {
  return byte >= 65 && byte <= 90;
}

function refused(detail: string): RequestProgress {
  return { state: "refused", reason: "http_not_served", detail };
}
