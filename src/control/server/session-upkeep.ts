/**
 * Ends HTTP/2 sessions that are dead or that nobody uses, so that a peer's failure or bad manners cost bounded memory.
 *
 * A node that lost power closes nothing, and TCP alone may take two hours to say so; a peer that connects and never asks
 * holds a socket for nothing. Timers here never keep the process alive.
 */
import type { Http2Session } from "node:http2";

export interface SessionUpkeep {
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  /** How long a session may be without a stream. */
  readonly idleTimeoutMs: number;
}

export function keepUp(session: Http2Session, upkeep: SessionUpkeep): void {
  pingOrDestroy(session, upkeep);
  closeWhenIdle(session, upkeep.idleTimeoutMs);
}

/** HTTP/2 PING (RFC 9113, section 6.7) at an interval; without an answer in time the session goes, with its streams. */
function pingOrDestroy(session: Http2Session, { pingIntervalMs, pingTimeoutMs }: SessionUpkeep): void {
  let deadline: NodeJS.Timeout | undefined;
  const interval = setInterval(() => {
    if (deadline !== undefined || session.closed || session.destroyed) return;
    deadline = setTimeout(() => session.destroy(), pingTimeoutMs).unref();
    session.ping((error) => {
      clearTimeout(deadline);
      deadline = undefined;
      if (error !== null && !session.destroyed) session.destroy();
    });
  }, pingIntervalMs).unref();
  session.once("close", () => {
    clearInterval(interval);
    clearTimeout(deadline);
  });
}

function closeWhenIdle(session: Http2Session, idleTimeoutMs: number): void {
  let streams = 0;
  const arm = () => setTimeout(() => session.close(), idleTimeoutMs).unref();
  let timer = arm();
  session.on("stream", (stream) => {
    streams += 1;
    clearTimeout(timer);
    stream.once("close", () => {
      streams -= 1;
      if (streams === 0 && !session.closed) timer = arm();
    });
  });
  session.once("close", () => clearTimeout(timer));
}
