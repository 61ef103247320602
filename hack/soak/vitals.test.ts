import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { test } from "node:test";
import { countDescriptors, vitalsOf } from "./vitals.ts";

test("descriptors are told apart by what their links say", () => {
  const links = ["socket:[1]", "pipe:[2]", "pipe:[2]", "/dev/null", "anon_inode:[eventpoll]", "anon_inode:[eventfd]"];
  assert.deepEqual(countDescriptors(links), { sockets: 1, pipes: 2, others: 3 });
});

test("a socket more is seen of a process that lives", {
  skip: process.platform !== "linux" && "Linux only",
}, async () => {
  const before = vitalsOf(process.pid);
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  assert.equal(vitalsOf(process.pid).sockets, before.sockets + 1);
  assert.ok(before.pssKib > 1_000 && before.threads > 1);
  server.close();
});
