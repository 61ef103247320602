import assert from "node:assert/strict";
import { test } from "node:test";
import {
  collectAddress,
  collectConnectTo,
  parseBoolean,
  parseGatewayName,
  parseHostPort,
  parsePort,
  parseSeconds,
} from "./options.ts";

test("addresses with ports, IPv6 in brackets", () => {
  assert.deepEqual(parseHostPort("127.0.0.1:19001"), { address: "127.0.0.1", port: 19001 });
  assert.deepEqual(parseHostPort("[::]:0"), { address: "::", port: 0 });
  for (const bad of ["19001", "::1:80", "127.0.0.1:", "127.0.0.1:99999", ""])
    assert.throws(() => parseHostPort(bad), bad);
});

test("connect-to is curl's, with a host in lower case and an address to go to", () => {
  const one = collectConnectTo("HTTPBIN.org:443:127.0.0.1:8443", undefined);
  const two = collectConnectTo("a.example:443:[::1]:8443", one);
  assert.deepEqual(
    [...two],
    [
      ["httpbin.org:443", { address: "127.0.0.1", port: 8443 }],
      ["a.example:443", { address: "::1", port: 8443 }],
    ],
  );
  assert.throws(
    () => collectConnectTo("httpbin.org:443:localhost:8443", undefined),
    /"localhost" is not an IP address/,
  );
  assert.throws(() => collectConnectTo("httpbin.org:443", undefined), /is not HOST:PORT:ADDRESS:PORT/);
});

test("what is not a port, address, number or name is refused with what was given", () => {
  assert.throws(() => parsePort("0"), /"0" is not a port: 1–65535/);
  assert.throws(() => collectAddress("nowhere", undefined), /"nowhere" is not an IP address/);
  assert.throws(() => parseBoolean("no"), /"no" is neither true nor false/);
  assert.throws(() => parseSeconds("-1"), /"-1" is not a number of seconds/);
  assert.throws(() => parseGatewayName("gateway"), /"gateway" is not NAMESPACE\/NAME/);
});
