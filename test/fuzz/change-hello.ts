/** Changes a ClientHello field by field, with all lengths right again, so that what is behind the lengths is reached too. */
import { bytes, extension, handshake, record, records, uint16, vector8, vector16 } from "../wire/hello-bytes.ts";
import type { Random } from "./random.ts";

interface Fields {
  version: number;
  random: Uint8Array;
  sessionId: Uint8Array;
  cipherSuites: Uint8Array;
  compressionMethods: Uint8Array;
  extensions: { type: number; data: Uint8Array }[];
}

const TYPES = [0, 0, 0, 10, 13, 16, 16, 21, 35, 41, 43, 45, 51, 0x0a0a, 0x7777, 0xfe0d, 0xff01];

/** More take their time and are no different. */
const MAX_EXTENSIONS = 40;

/** Undefined: these bytes are no hello whose fields could be found. */
export function changeHello(input: Uint8Array, random: Random): Uint8Array | undefined {
  const fields = fieldsOf(Buffer.from(input));
  if (fields === undefined || fields.extensions.length > MAX_EXTENSIONS) return undefined;
  change(fields, random);
  const { version, sessionId, cipherSuites, compressionMethods, extensions } = fields;
  const message = handshake(
    1,
    bytes(
      uint16(version),
      fields.random,
      vector8(sessionId.subarray(0, 255)),
      vector16(cipherSuites),
      vector8(compressionMethods.subarray(0, 255)),
      extensions.length === 0 && random.once(2)
        ? bytes()
        : vector16(bytes(...extensions.map(({ type, data }) => extension(type, data)))),
    ),
  );
  return random.once(4) || message.length > 16_000 ? records(message, 1 + random.below(400)) : record(message);
}

function change(fields: Fields, random: Random): void {
  const { extensions } = fields;
  const at = random.below(extensions.length + 1);
  const chosen = extensions[at];
  const data = chosen === undefined ? bytes(random.below(256)) : Buffer.from(chosen.data);
  switch (random.below(9)) {
    case 0:
      extensions.splice(at, 1);
      break;
    case 1:
      extensions.splice(at, 0, { type: random.pick(TYPES), data });
      break;
    case 2:
      if (chosen !== undefined) chosen.type = random.pick(TYPES);
      break;
    case 3:
      if (data.length > 0) data[random.below(data.length)] = random.below(256);
      if (chosen !== undefined) chosen.data = data;
      break;
    case 4:
      if (chosen !== undefined) chosen.data = data.subarray(0, random.below(data.length + 1));
      break;
    case 5:
      // A list of lists: its inner lengths made to fit.
      if (chosen !== undefined) chosen.data = vector16(random.once(2) ? data : data.subarray(2));
      break;
    case 6:
      if (data.length >= 5) chosen!.data = vector16(bytes(0, vector16(data.subarray(5))));
      break;
    case 7:
      fields.sessionId = Buffer.alloc(random.below(35), 1);
      break;
    default:
      fields.cipherSuites = fields.cipherSuites.subarray(0, 2 * random.below(fields.cipherSuites.length));
  }
}

/** Of a hello in one record. */
function fieldsOf(input: Buffer): Fields | undefined {
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
  if (!isWhole) return undefined;
  const fields: Fields = {
    version: number(2),
    random: take(32),
    sessionId: take(number(1)),
    cipherSuites: take(number(2)),
    compressionMethods: take(number(1)),
    extensions: [],
  };
  number(2);
  while (isWhole && at < input.length) {
    const type = number(2);
    const data = take(number(2));
    if (isWhole) fields.extensions.push({ type, data });
  }
  return fields.random.length === 32 ? fields : undefined;
}
