/**
 * What to say about a failure of TLS or of the socket beneath: a few words that hold neither bytes of a peer nor a key.
 */

/** OpenSSL's reason (`certificate verify failed`), or the system's code; messages quote source files and are left out. */
export function tlsErrorText(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  if ("reason" in error && typeof error.reason === "string" && "library" in error) return error.reason;
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

/** Was it TLS that failed, a peer's fatal alert above all, and not the connection beneath? */
export function isTlsError(error: Error): boolean {
  return "code" in error && typeof error.code === "string" && error.code.startsWith("ERR_SSL_");
}
