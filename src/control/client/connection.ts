/**
 * One HTTP/2 connection over TLS 1.3 to the operator, new for each try: the Service may lead to another replica, and the
 * CA may have changed. The server's certificate is verified against that CA and the name in the URL.
 */
import { Code, ConnectError } from "@connectrpc/connect";
import { Http2SessionManager } from "@connectrpc/connect-node";

export interface ConnectionOptions {
  /** `https://<host>:<port>`. */
  readonly url: string;
  /** The name the certificate must have, when it is not the URL's host. */
  readonly serverName?: string;
  readonly timing: ConnectionTiming;
}

export interface ConnectionTiming {
  readonly connectTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
}

/** Resolves when TLS and HTTP/2 are up; rejects with ConnectError. The caller aborts the connection. */
export async function connect(
  options: ConnectionOptions,
  ca: string | Buffer,
  signal: AbortSignal,
): Promise<Http2SessionManager> {
  const { url, serverName, timing } = options;
  const tls = { ca, minVersion: "TLSv1.3" as const, ...(serverName === undefined ? {} : { servername: serverName }) };
  const connection = new Http2SessionManager(url, timing, tls);
  const onAbort = () => connection.abort(stopped());
  const late = setTimeout(() => {
    const problem = `no connection within ${timing.connectTimeoutMs} ms`;
    connection.abort(new ConnectError(problem, Code.DeadlineExceeded));
  }, timing.connectTimeoutMs);
  signal.addEventListener("abort", onAbort);
  try {
    const state = signal.aborted ? "error" : await connection.connect();
    if (state === "error") throw ConnectError.from(connection.error() ?? stopped(), Code.Unavailable);
    return connection;
  } finally {
    clearTimeout(late);
    signal.removeEventListener("abort", onAbort);
  }
}

function stopped(): ConnectError {
  return new ConnectError("the client was stopped", Code.Canceled);
}
