/**
 * Builds ClientHello bytes, legal and hostile, field by field, for the tests of the parser and of the relay.
 *
 * It owns no judgement: what is legal is decided by the tests that use it.
 */
export interface HelloFields {
  readonly version?: number;
  readonly sessionId?: Uint8Array;
  readonly cipherSuites?: Uint8Array;
  readonly compressionMethods?: Uint8Array;
  /** Absent: no extension block at all, as in TLS 1.0. */
  readonly extensions?: readonly Uint8Array[];
}

export const bytes = (...parts: (number | string | Uint8Array)[]): Buffer =>
  Buffer.concat(
    parts.map((part) =>
      typeof part === "number" ? Buffer.from([part]) : typeof part === "string" ? Buffer.from(part, "latin1") : part,
    ),
  );

export const uint16 = (value: number): Buffer => bytes(value >> 8, value & 0xff);
export const uint24 = (value: number): Buffer => bytes(value >> 16, (value >> 8) & 0xff, value & 0xff);
export const vector8 = (content: Uint8Array): Buffer => bytes(content.length, content);
export const vector16 = (content: Uint8Array): Buffer => bytes(uint16(content.length), content);

export const extension = (type: number, data: Uint8Array): Buffer => bytes(uint16(type), vector16(data));

/** server_name with these raw names, each of type host_name. */
export const serverName = (...names: (string | Uint8Array)[]): Buffer =>
  extension(0, vector16(bytes(...names.map((name) => bytes(0, vector16(bytes(name)))))));

export const alpn = (...names: string[]): Buffer =>
  extension(16, vector16(bytes(...names.map((name) => vector8(bytes(name))))));

/** A ClientHello handshake message, header included. */
export function helloMessage(fields: HelloFields = {}): Buffer {
  const body = bytes(
    uint16(fields.version ?? 0x0303),
    Buffer.alloc(32, 7),
    vector8(fields.sessionId ?? Buffer.alloc(32, 9)),
    vector16(fields.cipherSuites ?? bytes(0x13, 0x01, 0x13, 0x02)),
    vector8(fields.compressionMethods ?? bytes(0)),
    fields.extensions === undefined ? bytes() : vector16(bytes(...fields.extensions)),
  );
  return handshake(1, body);
}

export const handshake = (type: number, body: Uint8Array): Buffer => bytes(type, uint24(body.length), body);

export const record = (content: Uint8Array, type = 22, version = 0x0301): Buffer =>
  bytes(type, uint16(version), vector16(content));

/** A message cut into records of at most `size` bytes. */
export function records(message: Uint8Array, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let start = 0; start < message.length; start += size) parts.push(record(message.subarray(start, start + size)));
  return Buffer.concat(parts);
}

/** The hello of a plain modern client for this name. */
export const helloFor = (name: string): Buffer =>
  record(helloMessage({ extensions: [serverName(name), alpn("h2", "http/1.1")] }));
