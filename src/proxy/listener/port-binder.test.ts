import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryLog } from "../../../test/wire/gateway.ts";
import type { ListenResult } from "../relay/engine.ts";
import { PortBinder } from "./port-binder.ts";

test("a port that was never bound is not logged as unbound", async () => {
  const { log, lines } = memoryLog();
  const listen = async ({ port }: { port: number }): Promise<ListenResult> =>
    port === 443 ? { bound: { close: async () => {} } } : { failed: "port_in_use", message: "listen EADDRINUSE" };
  const binder = new PortBinder({ listen }, ["127.0.0.1"], log);
  await binder.bind([443, 80]);
  await binder.unbindExcept(new Set());
  const told = lines.map(({ message, fields }) => `${message} ${fields.port}`);
  assert.deepEqual(told.sort(), ["cannot bind port 80", "port bound 443", "port unbound 443"]);
});
