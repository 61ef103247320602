/** The fields of a ClientHello and its extensions, each in one record. */
import {
  alpn,
  bytes,
  extension,
  type HelloFields,
  handshake,
  helloMessage,
  record,
  serverName,
  uint16,
  vector8,
  vector16,
} from "../../test/wire/hello-bytes.ts";
import type { Definitions } from "./hostile.ts";

const NAME = "a.example";
const named = { name: NAME };
const nameless = { name: undefined };
const sni = serverName(NAME);

const hello = (fields: HelloFields) => record(helloMessage(fields));
const withExtensions = (...extensions: Uint8Array[]) => hello({ extensions });
const body = helloMessage({ extensions: [sni] }).subarray(4);
/** Everything up to the extension block. */
const fixedPart = helloMessage().subarray(4);

const SNI_TWICE = "the server_name extension occurs twice";
const BLOCK_LIES = "the extension block does not end where the message ends";
const EXTENSION_LIES = "an extension reaches beyond the extension block";

const share = (group: number, length: number) => bytes(uint16(group), vector16(Buffer.alloc(length)));
const keyShares = (...shares: Uint8Array[]) => extension(51, vector16(bytes(...shares)));

export const BODIES: Definitions = {
  "version 0300": [hello({ version: 0x0300, extensions: [sni] }), named],
  "version 0301": [hello({ version: 0x0301, extensions: [sni] }), named],
  "version 0304": [hello({ version: 0x0304, extensions: [sni] }), named],
  "version 0305": [hello({ version: 0x0305, extensions: [sni] }), named],
  "version 0203": [hello({ version: 0x0203, extensions: [sni] }), "the version is no TLS version"],
  "version feff of DTLS": [hello({ version: 0xfeff, extensions: [sni] }), "the version is no TLS version"],
  "session id of 0": [hello({ sessionId: bytes(), extensions: [sni] }), named],
  "session id of 32": [hello({ sessionId: Buffer.alloc(32), extensions: [sni] }), named],
  "session id of 33": [hello({ sessionId: Buffer.alloc(33), extensions: [sni] }), named],
  "session id beyond the message": [
    record(handshake(1, bytes(3, 3, Buffer.alloc(32), 32, 1))),
    "a field reaches beyond the message",
  ],
  "odd cipher list": [hello({ cipherSuites: bytes(1, 2, 3), extensions: [sni] }), named],
  "empty cipher list": [hello({ cipherSuites: bytes(), extensions: [sni] }), named],
  "no compression method": [hello({ compressionMethods: bytes(), extensions: [sni] }), named],
  "deflate is offered": [hello({ compressionMethods: bytes(1, 0), extensions: [sni] }), named],
  "no extension block": [hello({}), nameless],
  "an empty extension block": [withExtensions(), nameless],
  "one byte behind the compression methods": [record(handshake(1, bytes(fixedPart, 0))), BLOCK_LIES],
  "one byte behind the extension block": [record(handshake(1, bytes(body, 0))), BLOCK_LIES],
  "an extension block cut by a byte": [record(handshake(1, body.subarray(0, -1))), BLOCK_LIES],
  "an extension block that is longer than the message": [
    record(handshake(1, bytes(fixedPart, uint16(400), sni))),
    BLOCK_LIES,
  ],
  "an extension beyond the block": [withExtensions(sni, bytes(0, 21, uint16(9), 0)), EXTENSION_LIES],
  "half an extension header": [withExtensions(sni, bytes(0, 21, 0)), EXTENSION_LIES],
  "server name twice": [withExtensions(sni, serverName("b.example")), SNI_TWICE],
  "the same server name twice": [withExtensions(sni, sni), SNI_TWICE],
  "an unknown extension twice": [withExtensions(extension(0x7777, bytes()), sni, extension(0x7777, bytes())), named],
  "key shares twice": [withExtensions(keyShares(share(29, 32)), sni, keyShares(share(0x11ec, 1_216))), named],
  "ALPN twice": [withExtensions(alpn("h2"), sni, alpn("http/1.1")), named],
  "three server names apart": [withExtensions(sni, alpn("h2"), serverName("b.example"), alpn("h2"), sni), SNI_TWICE],
  "an empty server_name extension": [
    withExtensions(extension(0, bytes())),
    "the server name list does not fill its extension",
  ],
  "a name list beyond its extension": [
    withExtensions(extension(0, bytes(0, 99, 0))),
    "the server name list does not fill its extension",
  ],
  "a name list short of its extension": [
    withExtensions(extension(0, bytes(vector16(bytes(0, vector16(bytes(NAME)))), 0))),
    "the server name list does not fill its extension",
  ],
  "a name beyond its list": [
    withExtensions(extension(0, vector16(bytes(0, uint16(9), "a")))),
    "the server name reaches beyond its list",
  ],
  "a name without its length": [
    withExtensions(extension(0, vector16(bytes(0, 0)))),
    "the server name reaches beyond its list",
  ],
  "server name last": [withExtensions(alpn("h2"), extension(23, bytes()), sni), named],
  "server name behind a large key share": [withExtensions(keyShares(share(29, 2_048)), sni), named],
  "GREASE first and last": [
    withExtensions(extension(0x0a0a, bytes()), sni, extension(0x7777, bytes("x")), extension(0xfafa, bytes(0))),
    named,
  ],
  "padding of 4096": [withExtensions(sni, extension(21, Buffer.alloc(4_096))), named],
  "three thousand extensions": [
    withExtensions(sni, ...Array.from({ length: 3_000 }, (_, index) => extension(1_000 + index, bytes()))),
    named,
  ],
  "two post-quantum key shares": [withExtensions(sni, keyShares(share(0x11ec, 1_216), share(0x11ed, 1_665))), named],
  "a key share list that lies": [withExtensions(sni, extension(51, bytes(uint16(99), uint16(29), uint16(50)))), named],
  "supported versions that lie": [withExtensions(sni, extension(43, bytes(99, 3))), named],
  "an empty signature algorithms extension": [withExtensions(sni, extension(13, bytes())), named],
  "ECH GREASE": [withExtensions(sni, extension(0xfe0d, bytes(0, 0, 1, 0, 1, 7, uint16(0), uint16(0)))), named],
  "ECH and no outer name": [withExtensions(extension(0xfe0d, bytes(0, 0, 1, 0, 1, 7))), nameless],
  "ALPN with an empty name": [withExtensions(sni, alpn("h2", "")), named],
  "ALPN without names": [withExtensions(sni, alpn()), named],
  "an empty ALPN extension": [withExtensions(sni, extension(16, bytes())), named],
  "an ALPN name beyond its list": [withExtensions(sni, extension(16, vector16(bytes(9, "h2")))), named],
  "an ALPN list short of its extension": [
    withExtensions(sni, extension(16, bytes(vector16(vector8(bytes("h2"))), 0))),
    named,
  ],
  "ALPN of 8000 names": [withExtensions(sni, alpn(...Array.from({ length: 8_000 }, () => "x"))), named],
  "ALPN with control characters": [withExtensions(sni, alpn("h2\r\ninjected: 1", "\0")), named],
};
