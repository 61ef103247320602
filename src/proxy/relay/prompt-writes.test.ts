import assert from "node:assert/strict";
import { startSimple, testEngine } from "../../../test/wire/gateway.ts";
import { helloFor } from "../../../test/wire/hello-bytes.ts";
import { connectTo, readSome, startEcho } from "../../../test/wire/sockets.ts";
import { type Connect, connectTcp, IS_FIRST_WRITE_PROMPT } from "./socket-options.ts";

/** Dials as ever, and notes what is asked of the socket in which order. */
function noting(calls: string[]): Connect {
  return (endpoint, onread) => {
    const socket = connectTcp(endpoint, onread);
    const { setNoDelay, write } = socket;
    socket.setNoDelay = (isOn) => {
      calls.push("setNoDelay");
      return setNoDelay.call(socket, isOn);
    };
    socket.write = (...given: unknown[]) => {
      calls.push("write");
      return write.apply(socket, given as Parameters<typeof write>);
    };
    return socket;
  };
}

testEngine(
  "portable",
  "no write waits for an acknowledgement, and a socket of one write is spared the option",
  async (t) => {
    const echo = await startEcho();
    t.after(() => echo.close());
    const calls: string[] = [];
    const { port } = await startSimple(t, [echo.address], { connect: noting(calls) });
    const hello = helloFor("a.example");
    const client = await connectTo(port);
    client.write(hello);
    assert.deepEqual(await readSome(client, hello.length), hello);
    assert.deepEqual(calls, IS_FIRST_WRITE_PROMPT ? ["write"] : ["setNoDelay", "write"]);
    for (let turn = 0; turn < 2; turn++) {
      client.write("x");
      assert.equal(String(await readSome(client, 1)), "x");
    }
    assert.deepEqual(calls.toSorted(), ["setNoDelay", "write", "write", "write"]);
    assert.ok(calls.indexOf("setNoDelay") <= 1, calls.join());
    client.destroy();
  },
);
