/**
 * The reason for what broke a connection, and the system's or OpenSSL's word for it. Pure.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import { isTlsError, tlsErrorText } from "../terminate/tls-error.ts";
import { silentReason } from "./dead-peer.ts";
import type { RelayFailure } from "./relay.ts";
import { errorCode } from "./socket-options.ts";

/** Detail of `client_closed_early` after the hello was received. */
export const CLIENT_LEFT = "the client closed while its backend was dialled";

/** Detail of `completed` where the backend did not close gracefully after the client's end. psql's server does so, and many others. */
export const RESET_AFTER_CLIENT_END = "the backend reset the connection after the client had closed";

/** Reports whether this reason ends a connection while bytes may be in flight. Then both peers must receive a reset. */
export function mayLoseBytes(reason: ConnectionReason): boolean {
  return reason === "drain_deadline" || reason === "maximum_age" || reason === "internal_error";
}

/** `bytesOut`: what has come from the backend by then. */
export function endReason(failure: RelayFailure | undefined, bytesOut: number): [ConnectionReason, string?] {
  if (failure === undefined) return ["completed"];
  const { side, error } = failure;
  if (isTlsError(error)) {
    // By TLS 1.3 a backend that refuses our certificate says so only when the handshake is complete for us.
    if (side === "backend" && bytesOut === 0) return ["backend_handshake_failed", tlsErrorText(error)];
    // A fatal alert is to TLS what a reset is to TCP.
    return [side === "client" ? "client_reset" : "backend_reset", tlsErrorText(error)];
  }
  const isReset = errorCode(error) === "ECONNRESET" || errorCode(error) === "EPIPE";
  if (isReset && failure.isAfterClientEnd === true) return ["completed", RESET_AFTER_CLIENT_END];
  return [isReset ? `${side}_reset` : silentReason(side), error.message];
}
