/**
 * JA4, FoxIO's fingerprint of a TLS client: https://github.com/FoxIO-LLC/ja4, technical_details/JA4.md. Of that family of
 * fingerprints JA4 itself is under the BSD 3-clause licence and free to implement; the others are not, and not here.
 *
 * Pure. It hashes twice, some microseconds: made when a log line is, never to route.
 */
import { hash } from "node:crypto";
import type { ClientHello } from "./client-hello.ts";
import { type OfferedValues, offeredProtocols, offeredValues } from "./hello-offer.ts";

const EXTENSION_SERVER_NAME = 0;
const EXTENSION_ALPN = 16;

/** Written instead of the hash of an empty list. */
const NO_VALUES = "000000000000";

const VERSIONS: ReadonlyMap<number, string> = new Map([
  [0x0304, "13"],
  [0x0303, "12"],
  [0x0302, "11"],
  [0x0301, "10"],
  [0x0300, "s3"],
]);

/** Each byte in hexadecimal. */
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** `t13d1516h2_8daaf6152771_e5627efa2ab1`; undefined for a hello that offered too much to keep. */
export function ja4Of(hello: ClientHello): string | undefined {
  const offered = offeredValues(hello.offer);
  if (offered === undefined) return undefined;
  const { cipherSuites, extensions } = offered;
  const destination = hello.serverName === undefined ? "i" : "d";
  const [protocol = ""] = offeredProtocols(hello.offer);
  const counts = count(cipherSuites) + count(extensions);
  const readable = `t${version(offered)}${destination}${counts}${protocolMark(protocol)}`;
  return `${readable}_${digest(hexList(cipherSuites.toSorted()))}_${digest(extensionText(offered))}`;
}

function version({ supportedVersions, legacyVersion }: OfferedValues): string {
  const highest = supportedVersions.length === 0 ? legacyVersion : Math.max(...supportedVersions);
  return VERSIONS.get(highest) ?? "00";
}

function count(values: Uint16Array): string {
  return String(Math.min(values.length, 99)).padStart(2, "0");
}

/** First and last character of the first protocol, or of its bytes in hexadecimal where one of the two is no letter or digit. */
function protocolMark(protocol: string): string {
  if (protocol === "") return "00";
  const isPlain = /^[0-9A-Za-z](.*[0-9A-Za-z])?$/s.test(protocol);
  const text = isPlain ? protocol : Buffer.from(protocol, "latin1").toString("hex");
  return `${text.at(0)}${text.at(-1)}`;
}

/** Server name and ALPN are in the readable part, so that this one is the client's own wherever it goes. */
function extensionText({ extensions, signatureAlgorithms }: OfferedValues): string {
  const others = extensions.filter((type) => type !== EXTENSION_SERVER_NAME && type !== EXTENSION_ALPN);
  const types = hexList(others.sort());
  return signatureAlgorithms.length === 0 ? types : `${types}_${hexList(signatureAlgorithms)}`;
}

function digest(text: string): string {
  return text === "" ? NO_VALUES : hash("sha256", text, "hex").slice(0, 12);
}

function hexList(values: Uint16Array): string {
  let text = "";
  for (const value of values) text += `${text === "" ? "" : ","}${HEX[value >> 8]}${HEX[value & 0xff]}`;
  return text;
}
