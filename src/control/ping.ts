/**
 * Notices a dead peer, for both sides: a node that lost power closes nothing, and TCP alone may take two hours to say so.
 */
import type { Http2Session } from "node:http2";

export interface PingTiming {
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
}

/**
 * HTTP/2 PING (RFC 9113, section 6.7) at an interval until the session closes. Without an answer in time the session is
 * destroyed with an error, and its streams with it: the caller listens for "error". Never keeps the process alive.
 */
export function pingOrDestroy(session: Http2Session, { pingIntervalMs, pingTimeoutMs }: PingTiming): void {
  let deadline: NodeJS.Timeout | undefined;
  const interval = setInterval(() => {
    if (deadline !== undefined || session.closed || session.destroyed) return;
    deadline = setTimeout(() => {
      session.destroy(new Error(`the peer did not answer a ping within ${pingTimeoutMs} ms`));
    }, pingTimeoutMs).unref();
    session.ping((error) => {
      clearTimeout(deadline);
      deadline = undefined;
      if (error !== null && !session.destroyed) session.destroy(error);
    });
  }, pingIntervalMs).unref();
  session.once("close", () => {
    clearInterval(interval);
    clearTimeout(deadline);
  });
}
