/**
 * Finds the end of an HTTP/1 request's head (RFC 9112 section 2.1) in a client's first bytes, in whatever portions they
 * come. It learns as much as an answer needs, and routes nothing. Pure and resumable: each byte is looked at once.
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
  #text = "";
  #lineLength = 0;

  push(bytes: Uint8Array): RequestProgress {
    // The first letter tells TLS and most else from HTTP; those clients need not wait for the time-out.
    if (this.#text === "" && !isUpperCase(bytes[0] ?? 0)) return refused("the first bytes are no HTTP/1 request");
    let end = 0;
    for (const byte of bytes) {
      end++;
      if (byte === LINE_FEED) {
        if (this.#lineLength === 0) return this.#complete(bytes.subarray(0, end));
        this.#lineLength = 0;
      } else if (byte !== CARRIAGE_RETURN) {
        this.#lineLength++;
      }
    }
    this.#keep(bytes);
    return this.#text.length > MAX_HEAD_BYTES ? refused("the request's head is too large") : { state: "need_more" };
  }

  #complete(rest: Uint8Array): RequestProgress {
    this.#keep(rest);
    const lineEnd = this.#text.search(/\r?\n/);
    const [, method] = REQUEST_LINE.exec(this.#text.slice(0, lineEnd)) ?? [];
    if (method === undefined) return refused("the first bytes are no HTTP/1 request");
    const host = HOST.exec(this.#text.slice(lineEnd))?.[1]?.toLowerCase();
    const isHead = method === "HEAD";
    return host !== undefined && isDnsName(host) ? { state: "request", isHead, host } : { state: "request", isHead };
  }

  #keep(bytes: Uint8Array): void {
    this.#text += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  }
}

function isUpperCase(byte: number): boolean {
  return byte >= 65 && byte <= 90;
}

function refused(detail: string): RequestProgress {
  return { state: "refused", reason: "http_not_served", detail };
}
