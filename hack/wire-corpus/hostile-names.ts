/** Names in server_name: what is normalised, and what never reaches a catch-all. */
import { bytes, extension, helloMessage, record, serverName, vector16 } from "../../test/wire/hello-bytes.ts";
import type { Definitions, Outcome } from "./hostile.ts";

const ILLEGAL = "the server name is no legal host name";
const LABEL_OF_63 = "a".repeat(63);
const NAME_OF_253 = `${LABEL_OF_63}.${LABEL_OF_63}.${LABEL_OF_63}.${"b".repeat(61)}`;

const sent = (...names: (string | Uint8Array)[]) => record(helloMessage({ extensions: [serverName(...names)] }));
const list = (...entries: Uint8Array[]) =>
  record(helloMessage({ extensions: [extension(0, vector16(bytes(...entries)))] }));
const entry = (type: number, name: string) => bytes(type, vector16(bytes(name)));

const legal = (name: string, normalised = name): readonly [Uint8Array, Outcome] => [sent(name), { name: normalised }];
const illegal = (name: string | Uint8Array): readonly [Uint8Array, Outcome] => [sent(name), ILLEGAL];

export const NAMES: Definitions = {
  "upper case": legal("WWW.A.Example", "www.a.example"),
  "one trailing dot": legal("a.example.", "a.example"),
  "one label": legal("localhost"),
  punycode: legal("xn--bcher-kva.example"),
  underscores: legal("_acme.foo_bar.example"),
  "hyphens in third and fourth place": legal("r1---sn-4g5e.example"),
  "digits in all but the last label": legal("1.2.3.4.example"),
  "a name of 253": legal(NAME_OF_253),
  "a name of 253 and a trailing dot": legal(`${NAME_OF_253}.`, NAME_OF_253),
  "no name in the list": [list(), "the server name list is empty"],
  "an empty name": illegal(""),
  "a single dot": illegal("."),
  "two trailing dots": illegal("a.example.."),
  "a leading dot": illegal(".a.example"),
  "an empty label": illegal("a..example"),
  "a label of 64": illegal(`${LABEL_OF_63}a.example`),
  "a name of 254": illegal(`${NAME_OF_253}b`),
  "a name of 300": illegal("a.".repeat(150)),
  "a name of 12000": illegal("a".repeat(12_000)),
  NUL: illegal("a\0.example"),
  "NUL at the end": illegal("a.example\0"),
  "CR and LF": illegal("a.example\r\ninjected: 1"),
  "a space": illegal("a example"),
  UTF8: illegal(Buffer.from("bücher.example", "utf8")),
  "the Kelvin sign": illegal(Buffer.from("\u212a.example", "utf8")),
  "a byte above 127": illegal(bytes("a", 0xe9, ".example")),
  "a wildcard": illegal("*.example"),
  "a star": illegal("*"),
  "an IPv4 address": illegal("192.0.2.1"),
  "a short IPv4 address": illegal("127.1"),
  "an IPv6 address": illegal("2001:db8::1"),
  "an IPv6 address in brackets": illegal("[2001:db8::1]"),
  "a port": illegal("a.example:443"),
  "a path": illegal("a.example/"),
  "a leading hyphen": illegal("-a.example"),
  "a trailing hyphen": illegal("a-.example"),
  "a hyphen at the end": illegal("a.example-"),
  "a name of another type": [list(entry(1, "a.example")), "the server name is of an unknown type"],
  "another type first": [list(entry(1, "b.example"), entry(0, "a.example")), "the server name is of an unknown type"],
  "another type second": [list(entry(0, "a.example"), entry(1, "b.example")), "more than one server name"],
  "two names": [list(entry(0, "a.example"), entry(0, "b.example")), "more than one server name"],
  "the same name twice in the list": [list(entry(0, "a.example"), entry(0, "a.example")), "more than one server name"],
};
