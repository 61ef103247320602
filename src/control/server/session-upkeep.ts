/**
 * Ends HTTP/2 sessions that are dead or that nobody uses, so that a peer's failure or bad manners cost bounded memory.
 * Timers here never keep the process alive.
 */
import type { Http2Session } from "node:http2";
import { type PingTiming, pingOrDestroy } from "../ping.ts";

export interface SessionUpkeep extends PingTiming {
  /** How long a session may be without a stream. */
  readonly idleTimeoutMs: number;
}

export function keepUp(session: Http2Session, upkeep: SessionUpkeep): void {
  pingOrDestroy(session, upkeep);
  closeWhenIdle(session, upkeep.idleTimeoutMs);
}

/** A peer that connects and never asks holds a socket for nothing. */
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
