import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { helloMessage, record, serverName } from "../../test/wire/hello-bytes.ts";
import { readHello } from "../proxy/tls/hello-parser.ts";
import { parseServerNameArgument } from "./server-name-argument.ts";

const understood: [text: string, serverName: string | undefined, port?: number][] = [
  ["-", undefined],
  ["shop.example.com", "shop.example.com"],
  ["Shop.Example.COM.", "shop.example.com"],
  ["shop.example.com:8443", "shop.example.com", 8443],
  ["https://shop.example.com/cart?x=1", "shop.example.com"],
  ["https://user@shop.example.com:8443/cart", "shop.example.com", 8443],
  ["1.example", "1.example"],
];
for (const [text, name, port] of understood) {
  test(`${text} is understood`, () => {
    assert.deepEqual(parseServerNameArgument(text), { serverName: name, ...(port !== undefined && { port }) });
  });
}

const refused: [text: string, hint: RegExp][] = [
  ["", /empty.*use - /],
  ["127.0.0.1", /no IP addresses.*use - /],
  ["127.0.0.1:443", /no IP addresses/],
  ["[::1]:443", /no IP addresses/],
  ["a..b", /invalid_sni/],
  ["-a.example", /invalid_sni/],
  ["1234", /use --port 1234/],
  ["*.example.com", /pattern; name one host, such as www\.example\.com/],
  ["http://a.example", /http:\/\/ sends no server name/],
  ["a.example:99999", /not between 1 and 65535/],
  ["b\u00fccher.example", /send it as xn--bcher-kva\.example/],
];
for (const [text, hint] of refused) {
  test(`"${text}" is refused with a hint`, () => {
    const argument = parseServerNameArgument(text);
    assert.match("problem" in argument ? argument.problem : JSON.stringify(argument), hint);
  });
}

test("a name is valid if and only if the proxies' parser reads it from a ClientHello", () => {
  const character = fc.constantFrom(..."aZ09-_.*\u00e9");
  fc.assert(
    fc.property(
      fc.string({ unit: character, minLength: 1, maxLength: 12 }).filter((text) => text !== "-"),
      (text) => {
        const hello = record(helloMessage({ extensions: [serverName(Buffer.from(text))] }));
        const progress = readHello(hello, hello.length);
        const argument = parseServerNameArgument(text);
        const read = progress.state === "hello" ? progress.hello.serverName : undefined;
        assert.equal("serverName" in argument ? argument.serverName : undefined, read);
      },
    ),
  );
});
