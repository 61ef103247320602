/**
 * What a client has offered, in one short string: what the log may ask for when the hello's bytes are long gone.
 *
 * Taking it costs a copy of some 150 bytes; names and fingerprints are made of it only if somebody asks. A string, because
 * nothing else holds a few bytes for so little, and it goes from thread to thread as it is.
 */
declare const brand: unique symbol;

/**
 * One byte a character: the legacy version, then five sections, each a two-byte length and its bytes: extension types, ALPN,
 * supported versions, cipher suites, signature algorithms.
 */
export type HelloOffer = string & { readonly [brand]: "HelloOffer" };

/** Lists in the order of the hello, without the values that mean nothing (GREASE, RFC 8701). */
export interface OfferedValues {
  readonly legacyVersion: number;
  readonly extensions: Uint16Array;
  readonly supportedVersions: Uint16Array;
  readonly cipherSuites: Uint16Array;
  readonly signatureAlgorithms: Uint16Array;
}

const HEADER_LENGTH = 2;
const MAX_EXTENSION_BYTES_KEPT = 512;

/**
 * A connection keeps its offer while it lives, and the client chooses the size. Real offers are below 400 bytes, and JA4
 * counts to 99 only; of a larger one the values are not kept. Extension types and ALPN fit whatever the others are.
 */
const MAX_OFFER_BYTES = 2_048;

/** Written instead of the version, which is never 0, where the values are not kept. */
const VALUES_NOT_KEPT = 0;

/** Where an offer is put together: one draft serves any number of hellos, one after the other. */
export class OfferDraft {
  readonly #bytes = Buffer.alloc(MAX_OFFER_BYTES);
  #length = 0;
  #isWhole = true;

  begin(legacyVersion: number): void {
    this.#length = 2 * HEADER_LENGTH;
    this.#isWhole = true;
    this.#setUint16(0, legacyVersion);
  }

  /** The type of one more extension: all of them come first. */
  addExtension(type: number): void {
    if (this.#length >= MAX_EXTENSION_BYTES_KEPT) this.#isWhole = false;
    else {
      this.#setUint16(this.#length, type);
      this.#length += 2;
    }
  }

  /** No more extensions follow. */
  endExtensions(): void {
    this.#setUint16(HEADER_LENGTH, this.#length - 2 * HEADER_LENGTH);
  }

  /** The next section: `bytes` from `start` to `end`. */
  addList(bytes: Uint8Array, start: number, end: number): void {
    const fits = end - start <= MAX_OFFER_BYTES - HEADER_LENGTH - this.#length;
    if (!fits) this.#isWhole = false;
    const length = fits ? end - start : 0;
    const contentStart = this.#length + HEADER_LENGTH;
    if (contentStart > MAX_OFFER_BYTES) return;
    this.#setUint16(this.#length, length);
    // A loop: for so few bytes it is faster than a view and a copy.
    const target = this.#bytes;
    for (let index = 0; index < length; index++) target[contentStart + index] = bytes[start + index] ?? 0;
    this.#length = contentStart + length;
  }

  finish(): HelloOffer {
    if (!this.#isWhole) this.#setUint16(0, VALUES_NOT_KEPT);
    return this.#bytes.toString("latin1", 0, this.#length) as HelloOffer;
  }

  #setUint16(at: number, value: number): void {
    this.#bytes[at] = value >> 8;
    this.#bytes[at + 1] = value & 0xff;
  }
}

/** Everything but ALPN; undefined where the offer was too large to keep. */
export function offeredValues(offer: HelloOffer): OfferedValues | undefined {
  const legacyVersion = uint16At(offer, 0);
  if (legacyVersion === VALUES_NOT_KEPT) return undefined;
  const [extensions = "", , supportedVersions = "", cipherSuites = "", signatureAlgorithms = ""] = sections(offer);
  return {
    legacyVersion,
    extensions: values(extensions),
    supportedVersions: values(supportedVersions),
    cipherSuites: values(cipherSuites),
    signatureAlgorithms: values(signatureAlgorithms),
  };
}

/** The protocols offered by ALPN that are kept, one character for each byte: not fit for a log as they are. */
export function offeredProtocols(offer: HelloOffer): string[] {
  const [, list = ""] = sections(offer);
  const protocols: string[] = [];
  for (let at = 0; at < list.length; ) {
    const end = at + 1 + list.charCodeAt(at);
    protocols.push(list.slice(at + 1, end));
    at = end;
  }
  return protocols;
}

function sections(offer: HelloOffer): string[] {
  const found: string[] = [];
  for (let at = HEADER_LENGTH; at < offer.length; ) {
    const start = at + HEADER_LENGTH;
    at = start + uint16At(offer, at);
    found.push(offer.slice(start, at));
  }
  return found;
}

/** A last odd byte is no value. */
function values(list: string): Uint16Array {
  const found = new Uint16Array(list.length >> 1);
  let count = 0;
  for (let at = 0; at + 1 < list.length; at += 2) {
    const value = uint16At(list, at);
    if (!isGrease(value)) found[count++] = value;
  }
  return found.subarray(0, count);
}

/** 0x0a0a, 0x1a1a, … 0xfafa. */
function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}

function uint16At(text: string, at: number): number {
  return (text.charCodeAt(at) << 8) | text.charCodeAt(at + 1);
}
