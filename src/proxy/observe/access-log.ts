/**
 * The access log: one line for each connection, whether it succeeded or not, with a reason from the closed set. Of many that are
 * refused some lines are left out: refused-lines.ts says which.
 *
 * A reason that somebody must fix has level warn, all others info. A field whose value is not known is left out. Names from the client appear only once they are known to be legal.
 */
import { REASONS_TO_FIX } from "../../model/connection-reason.ts";
import type { LogFields, Logger } from "../../model/log.ts";
import type { ConnectionRecord } from "../relay/engine.ts";
import { alpnOf } from "../tls/alpn.ts";
import { ja4Of } from "../tls/ja4.ts";
import type { RefusedLines } from "./refused-lines.ts";

export function logConnection(log: Logger, refused: RefusedLines, record: ConnectionRecord): void {
  const level = REASONS_TO_FIX.has(record.reason) ? "warn" : "info";
  if (log.isEnabled?.(level) !== false && refused.allows(record)) log[level]("connection", connectionFields(record));
}

/** Times in whole milliseconds; bytes as in the record: in is from the client to the backend. */
export function connectionFields(record: ConnectionRecord): LogFields {
  const { hello, path } = record;
  const fields = {
    reason: record.reason,
    serverName: hello?.serverName,
    listener: path.listener,
    port: record.port,
    route: path.route,
    backend: path.backend,
    endpoint: record.endpoint,
    clientAddress: record.clientAddress,
    peerAddress: record.peerAddress,
    uniqueId: record.uniqueId,
    bytesIn: record.bytesIn,
    bytesOut: record.bytesOut,
    durationMs: Math.round(record.durationMs),
    helloMs: rounded(record.helloMs),
    connectMs: rounded(record.connectMs),
    alpn: unlessEmpty(hello === undefined ? [] : alpnOf(hello)),
    ja4: hello === undefined ? undefined : ja4Of(hello),
    decrypted: record.decrypted === undefined ? undefined : true,
    tlsVersion: record.decrypted?.version,
    clientCertificate: record.decrypted?.clientCertificate,
    backendTlsVersion: record.backendTlsVersion,
    ech: hello?.encryptedClientHello === true ? true : undefined,
    postQuantum: hello?.postQuantum === true ? true : undefined,
    detail: record.detail,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function unlessEmpty(values: readonly string[]): readonly string[] | undefined {
  return values.length === 0 ? undefined : values;
}

function rounded(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : Math.round(milliseconds);
}
