import assert from "node:assert/strict";
import { test } from "node:test";
import { deltaBetween, listener, terminating } from "../../../test/wire/config.ts";
import type { Resource } from "../../model/proxy-config.ts";
import { applyDelta } from "../route/apply-delta.ts";
import { prospectOf } from "../route/prospect.ts";
import { EMPTY_TABLE } from "../route/route-table.ts";
import { beginningsOf, isServedHere } from "./served-here.ts";

test("HTTP is handed over unread, what is decrypted once its name is known, and what passes through is not", () => {
  const certificate: Resource = { kind: "certificate", name: "c", certificate: "", privateKey: "" };
  const delta = deltaBetween(
    [],
    [
      certificate,
      listener("plain", 1),
      { kind: "listener", name: "tcp", port: 2, protocol: "TCP" },
      { kind: "listener", name: "http", port: 3, protocol: "HTTP" },
      listener("passed", 4, "a.example"),
      terminating("decrypted", 4, ["c"], { hostname: "b.example" }),
      {
        kind: "listener",
        name: "https",
        port: 5,
        protocol: "HTTPS",
        tls: { mode: "Terminate", certificates: ["c"] },
      },
    ],
  );
  const applied = applyDelta(EMPTY_TABLE, delta);
  assert.ok("ok" in applied);
  assert.deepEqual(Object.fromEntries(beginningsOf(applied.ok)), {
    1: "client_hello",
    2: "any",
    3: "handed_over",
    4: "client_hello",
    5: "client_hello",
  });
  const servedHere = (port: number, name?: string) => isServedHere(prospectOf(applied.ok, port, name));
  assert.deepEqual([servedHere(1, "x.example"), servedHere(1), servedHere(2)], [true, true, true]);
  assert.deepEqual([servedHere(3), servedHere(5, "x.example")], [false, false]);
  assert.deepEqual([servedHere(4, "a.example"), servedHere(4, "b.example")], [true, false]);
  assert.ok(servedHere(4, "elsewhere.example"), "whom no listener takes is refused here");
});
