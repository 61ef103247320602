/** Changes a ClientHello field by field, with all lengths right again, so that what is behind the lengths is reached too. */
import { bytes, extension, handshake, record, records, uint16, vector8, vector16 } from "../wire/hello-bytes.ts";
import { type HelloFields, readHelloFields } from "./hello-fields.ts";
import type { Random } from "./random.ts";

const TYPES = [0, 0, 0, 10, 13, 16, 16, 21, 35, 41, 43, 45, 51, 0x0a0a, 0x7777, 0xfe0d, 0xff01];

/** More take their time and are no different. */
const MAX_EXTENSIONS = 40;

/** Undefined: these bytes are no hello whose fields could be found. */
export function changeHello(input: Uint8Array, random: Random): Uint8Array | undefined {
  const fields = readHelloFields(input);
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

function change(fields: HelloFields, random: Random): void {
  const { extensions } = fields;
  const at = random.below(extensions.length + 1);
  const chosen = extensions[at];
  const data = chosen === undefined ? bytes(random.below(256)) : Buffer.from(chosen.data);
  switch (random.below(11)) {
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
      // The same type twice.
      if (chosen !== undefined) extensions.splice(random.below(extensions.length + 1), 0, { type: chosen.type, data });
      break;
    default:
      changeFixedField(fields, random);
  }
}

/** Changes a field before the extensions. */
function changeFixedField(fields: HelloFields, random: Random): void {
  switch (random.below(3)) {
    case 0:
      fields.sessionId = Buffer.alloc(random.below(random.once(4) ? 256 : 35), 1);
      break;
    case 1:
      fields.compressionMethods = Buffer.alloc(random.below(3));
      break;
    default:
      fields.cipherSuites = fields.cipherSuites.subarray(0, random.below(2 * fields.cipherSuites.length));
  }
}
