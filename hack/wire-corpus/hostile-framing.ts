/** Records, handshake headers and other protocols: what comes before a ClientHello's own fields. */
import {
  alpn,
  bytes,
  extension,
  handshake,
  helloFor,
  helloMessage,
  record,
  records,
  serverName,
  uint16,
  uint24,
} from "../../test/wire/hello-bytes.ts";
import type { Definitions } from "./hostile.ts";

const NAME = "a.example";
const named = { name: NAME };
const hello = helloMessage({ extensions: [serverName(NAME), alpn("h2", "http/1.1")] });
const half = hello.length >> 1;

/** Of the largest legal size, 16 KiB with its header, and one more. */
const sized = (size: number) => {
  const plain = helloMessage({ extensions: [serverName(NAME), extension(21, bytes())] }).length;
  return helloMessage({ extensions: [serverName(NAME), extension(21, Buffer.alloc(size - plain))] });
};

const A_PROXY_HEADER = "a PROXY protocol header, which is not expected here";
const NO_PROTOCOL = "no protocol that is known here";
const FOREIGN_RECORD = "a record of another kind inside the ClientHello";

export const FOREIGN: Definitions = {
  "HTTP GET": [bytes("GET / HTTP/1.1\r\nhost: a.example\r\n\r\n"), "an HTTP request"],
  "HTTP POST": [bytes("POST / HTTP/1.1\r\n"), "an HTTP request"],
  "HTTP PUT": [bytes("PUT / HTTP/1.1\r\n"), "an HTTP request"],
  "HTTP OPTIONS": [bytes("OPTIONS * HTTP/1.1\r\n"), "an HTTP request"],
  "HTTP/2 with prior knowledge": [bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "an HTTP request"],
  "HTTP CONNECT": [bytes("CONNECT a.example:443 HTTP/1.1\r\n"), "an HTTP CONNECT request"],
  "a method nobody knows": [bytes("GETS / HTTP/1.1\r\n"), NO_PROTOCOL],
  "SSH banner": [bytes("SSH-2.0-OpenSSH_9.2\r\n"), "an SSH banner"],
  "SSL 2.0 hello": [bytes(0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10), "an SSL 2.0 hello"],
  "SSL 2.0 hello that offers TLS": [bytes(0x80, 0x2e, 1, 3, 1, 0, 0x15), "an SSL 2.0 hello"],
  "PostgreSQL SSLRequest": [bytes(0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f), "a PostgreSQL SSLRequest"],
  "PostgreSQL start without TLS": [bytes(0, 0, 0, 0x21, 0, 3, 0, 0, "user\0somebody\0"), NO_PROTOCOL],
  "PROXY protocol version 1": [bytes("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", helloFor(NAME)), A_PROXY_HEADER],
  "PROXY protocol version 2": [
    bytes("\r\n\r\n\0\r\nQUIT\n", 0x21, 0x11, 0, 12, Buffer.alloc(12), helloFor(NAME)),
    A_PROXY_HEADER,
  ],
  "half a PROXY signature": [bytes("\r\n\r\n\0\r\n"), "need_more"],
  "half a word": [bytes("CONN"), "need_more"],
  "blank lines": [bytes("\r\n\r\n\r\n\r\n"), NO_PROTOCOL],
  "an SMTP greeting": [bytes("EHLO a.example\r\n"), NO_PROTOCOL],
  "an MQTT connect packet": [bytes(0x10, 0x10, 0, 4, "MQTT", 4, 2, 0, 60), NO_PROTOCOL],
  "a TLS alert": [record(bytes(2, 40), 21), "a TLS record, but no handshake"],
  "TLS application data": [record(bytes(1, 2, 3), 23), "a TLS record, but no handshake"],
  "a change_cipher_spec": [record(bytes(1), 20), "a TLS record, but no handshake"],
  "a heartbeat": [record(bytes(1, 0xff, 0xff), 24), "a TLS record, but no handshake"],
  "an unknown content type": [record(bytes(1), 25), NO_PROTOCOL],
  "a record of major version 2": [record(hello, 22, 0x0200), NO_PROTOCOL],
  "random bytes": [bytes(0x3a, 0x91, 0x07, 0xee, 0x51, 0x62, 0xc4), NO_PROTOCOL],
  zeros: [Buffer.alloc(64), NO_PROTOCOL],
};

export const FRAMING: Definitions = {
  "nothing at all": [bytes(), "need_more"],
  "one record header": [bytes(22, 3, 1, 0, 200), "need_more"],
  "half a hello": [record(hello).subarray(0, half), "need_more"],
  "records of one byte": [records(hello, 1), named],
  "two records": [bytes(record(hello.subarray(0, half)), record(hello.subarray(half))), named],
  "a record that splits the handshake header": [bytes(record(hello.subarray(0, 2)), record(hello.subarray(2))), named],
  "records of different minor versions": [
    bytes(record(hello.subarray(0, half), 22, 0x0300), record(hello.subarray(half), 22, 0x03ff)),
    named,
  ],
  "the next record behind the hello": [bytes(record(hello), record(bytes(1, 2), 23)), named],
  "early data behind the hello": [bytes(record(hello), record(bytes(1), 20), record(Buffer.alloc(64, 5), 23)), named],
  "anything behind the hello": [bytes(record(hello), "garbage"), named],
  "a second message in the hello's record": [record(bytes(hello, handshake(24, bytes("later")))), named],
  "an empty record first": [bytes(record(bytes()), record(hello)), named],
  "an empty record between": [
    bytes(record(hello.subarray(0, half)), record(bytes()), record(hello.subarray(half))),
    named,
  ],
  "an alert between": [
    bytes(record(hello.subarray(0, half)), record(bytes(1, 0), 21), record(hello.subarray(half))),
    FOREIGN_RECORD,
  ],
  "a change_cipher_spec between": [
    bytes(record(hello.subarray(0, half)), record(bytes(1), 20), record(hello.subarray(half))),
    FOREIGN_RECORD,
  ],
  "application data between": [bytes(record(hello.subarray(0, half)), record(bytes(1), 23)), FOREIGN_RECORD],
  "a record of major version 2 between": [
    bytes(record(hello.subarray(0, half)), record(hello.subarray(half), 22, 0x0201)),
    FOREIGN_RECORD,
  ],
  "a record of 16640": [record(bytes(hello, Buffer.alloc(16_640 - hello.length))), named],
  "a record of 16641 at its header": [bytes(22, 3, 1, uint16(16_641)), "a record longer than TLS allows"],
  "a record of 65535 at its header": [bytes(22, 3, 1, uint16(0xffff)), "a record longer than TLS allows"],
  "a ServerHello first": [bytes(22, 3, 1, uint16(100), 2), "the first handshake message is no ClientHello"],
  "a HelloRequest first": [record(handshake(0, bytes())), "the first handshake message is no ClientHello"],
  "16 MiB announced": [bytes(22, 3, 1, uint16(100), 1, uint24(0xffffff)), "the ClientHello exceeds the limit"],
  "one byte over the limit announced": [
    bytes(22, 3, 1, uint16(100), 1, uint24(16_381)),
    "the ClientHello exceeds the limit",
  ],
  "the limit announced": [bytes(22, 3, 1, uint16(100), 1, uint24(16_380)), "need_more"],
  "a hello of 16384": [record(sized(16_384)), named],
  "a hello of 16385": [record(sized(16_385)), "the ClientHello exceeds the limit"],
  "a hello of 4096 in records of one byte": [records(sized(4_096), 1), named],
  "a hello of 4097 in records of one byte": [
    records(sized(4_097), 1),
    "the ClientHello exceeds the limit with its record headers",
  ],
  "an empty message": [record(handshake(1, bytes())), "a field reaches beyond the message"],
};
