/**
 * The access log: one line for each connection, whether it succeeded or not, with a reason from the closed set.
 *
 * A field whose value is not known is left out. Names from the client appear only once they are known to be legal.
 */
import type { LogFields, Logger } from "../../model/log.ts";
import type { ConnectionRecord } from "../relay/engine.ts";

export function logConnection(log: Logger, record: ConnectionRecord): void {
  if (log.isEnabled?.("info") !== false) log.info("connection", connectionFields(record));
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
    bytesIn: record.bytesIn,
    bytesOut: record.bytesOut,
    durationMs: Math.round(record.durationMs),
    helloMs: rounded(record.helloMs),
    connectMs: rounded(record.connectMs),
    alpn: hello === undefined || hello.alpn.length === 0 ? undefined : hello.alpn,
    decrypted: record.decrypted === undefined ? undefined : true,
    tlsVersion: record.decrypted?.version,
    clientCertificate: record.decrypted?.clientCertificate,
    backendTlsVersion: record.backendTlsVersion,
    ech: hello?.encryptedClientHello === true ? true : undefined,
    detail: record.detail,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function rounded(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : Math.round(milliseconds);
}
