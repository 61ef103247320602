/** Reads the fields of a ClientHello without judging them, apart from the parser that is tested. */

export interface HelloFields {
  version: number;
  random: Uint8Array;
  sessionId: Uint8Array;
  cipherSuites: Uint8Array;
  compressionMethods: Uint8Array;
  extensions: { type: number; data: Uint8Array }[];
  /** Whether the extension block ends where the input ends, as the last extension does; also true without a block. */
  isExact: boolean;
}

/** Returns the fields of a hello in one record, which is the whole input. Undefined if the fields cannot be found. */
export function readHelloFields(bytes: Uint8Array): HelloFields | undefined {
  const input = Buffer.from(bytes);
  let at = 9;
  let isWhole = input.length > 44;
  const take = (length: number): Buffer => {
    if (at + length > input.length) isWhole = false;
    at += length;
    return input.subarray(at - length, at);
  };
  const number = (length: 1 | 2): number => {
    const field = take(length);
    return field.length < length ? 0 : field.readUIntBE(0, length);
  };
  const fields: HelloFields = {
    version: number(2),
    random: take(32),
    sessionId: take(number(1)),
    cipherSuites: take(number(2)),
    compressionMethods: take(number(1)),
    extensions: [],
    isExact: false,
  };
  if (fields.random.length !== 32) return undefined;
  const hasNoBlock = at === input.length;
  const blockLength = number(2);
  fields.isExact = hasNoBlock || (isWhole && at + blockLength === input.length);
  while (isWhole && at < input.length) {
    const type = number(2);
    const data = take(number(2));
    if (isWhole) fields.extensions.push({ type, data });
    else fields.isExact = false;
  }
  return fields;
}
