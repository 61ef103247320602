/**
 * The one answer that this gateway has for HTTP requests. Pure.
 */
import type { RequestHead } from "./request-head.ts";

const SENTENCE = "This gateway routes TLS and TCP connections; it does not route HTTP requests.\n";

const HEAD = [
  "HTTP/1.1 503 Service Unavailable",
  "Content-Type: text/plain; charset=utf-8",
  `Content-Length: ${SENTENCE.length}`,
  "Cache-Control: no-store",
  "Connection: close",
  "\r\n",
].join("\r\n");

/** RFC 9110 section 15.6.4, and for HEAD 9.3.2. The connection ends with it. */
export function notServed({ isHead }: Pick<RequestHead, "isHead">): string {
  return isHead ? HEAD : HEAD + SENTENCE;
}
