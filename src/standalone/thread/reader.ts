/**
 * The program of the thread that reads the files: it reads them, and again whenever they change, and tells the serving thread what is to be
 * served. However long that takes, no connection waits for it.
 */
import { constants, getPriority, setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../loop/clock.ts";
import { FileFollower } from "./file-follower.ts";
import { forwardingLog } from "./forwarding-log.ts";
import type { FromReader, ThreadSettings, ToReader } from "./messages.ts";
import { ServingSide } from "./serving-side.ts";

const port = parentPort;
if (port === null) throw new Error("this is the program of a thread, begun by fsm-gateway run");
const send = (message: FromReader) => port.postMessage(message);
const serving = new ServingSide(send);
port.on("message", (message: ToReader) => serving.take(message));

const follower = new FileFollower({
  ...(workerData as ThreadSettings),
  clock: systemClock,
  log: forwardingLog(send),
  createProxy: (gateway) => serving.createProxy(gateway),
  onStatus: (status, description) => send({ type: "status", status, description }),
});
const lines = await follower.begin();
send(lines.length > 0 ? { type: "refused", lines } : { type: "loaded" });
// From now on there are connections that go before. On Linux a thread has a priority of its own, elsewhere it would be the process's.
if (process.platform === "linux") {
  setPriority(0, Math.min(getPriority(0) + constants.priority.PRIORITY_BELOW_NORMAL, constants.priority.PRIORITY_LOW));
}
