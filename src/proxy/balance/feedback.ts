/**
 * How a dial tells the balancer what it has found. Absent where nobody wants to know.
 */
import type { Endpoint } from "../../model/proxy-config.ts";

export interface DialFeedback {
  /** An attempt at this endpoint begins. */
  begun(endpoint: Endpoint): void;
  /** It has answered the connect. `nowMs`: on the proxy's clock. */
  answered(endpoint: Endpoint, nowMs: number): void;
  /** It has refused the connect, or not answered in time. Not for attempts that were given up for other reasons. */
  failed(endpoint: Endpoint, nowMs: number): void;
  /** Exactly once for each `begun`: the attempt has come to nothing, or its connection is closed. */
  ended(endpoint: Endpoint): void;
}
