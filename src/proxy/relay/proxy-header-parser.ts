/**
 * Finds the PROXY header that a client's connection begins with, in bytes as they come.
 *
 * It gathers and asks the pure reader; what a header means, and whether it may be missing, is decided by the connection.
 */
import { type HeaderReading, readProxyHeader } from "../proxy-protocol/read.ts";
import type { BeginningParser, BeginningRefusal } from "./beginning.ts";

export type HeaderResult = Extract<HeaderReading, { state: "header" | "absent" }> | BeginningRefusal;

export class ProxyHeaderParser implements BeginningParser<HeaderResult> {
  #bytes: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): HeaderResult | { readonly state: "need_more" } {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    const reading = readProxyHeader(this.#bytes);
    if (reading.state !== "refused") return reading;
    return { state: "refused", reason: "malformed_proxy_header", detail: reading.detail };
  }
}
