/**
 * The program of a worker of the linux engine. It never gives its thread back to Node's event loop before it is told to
 * end: it waits in epoll, and messages are taken out of the channel by hand.
 */
import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { loadLibc } from "./libc.ts";
import type { ToWorker, WorkerSettings } from "./messages.ts";
import { Thread } from "./thread.ts";

const { channel, ...settings } = workerData as WorkerSettings;
const loaded = loadLibc();
if ("problem" in loaded) throw new Error(`the linux engine cannot run here: ${loaded.problem}`);
new Thread(loaded.libc, settings, {
  send: (message) => channel.postMessage(message),
  receive: () => receiveMessageOnPort(channel)?.message as ToWorker | undefined,
}).run();
channel.close();
