/** Urgent data (tcp(7), MSG_OOB), which Node has no means to send: by libc, on the descriptor of a Node socket. */
import type * as Ffi from "node:ffi";
import type net from "node:net";
import { loadLibc } from "../../src/proxy/linux/libc.ts";
import { descriptorOf } from "./deaf-socket.ts";

const MSG_OOB = 1;

/** Why it cannot be sent here; false: it can. */
export function noUrgentData(): string | false {
  const loaded = loadLibc();
  return "problem" in loaded ? loaded.problem : false;
}

/** Sends these bytes, of which the last is urgent. The socket must have nothing left to write. */
export function sendUrgent(socket: net.Socket, text: string): void {
  const ffi = process.getBuiltinModule("node:ffi") as typeof Ffi;
  const { functions } = ffi.dlopen("libc.so.6", {
    send: { arguments: ["i32", "pointer", "u64", "i32"], return: "i64" },
  });
  const bytes = Buffer.from(text);
  const sent = functions.send(descriptorOf(socket), ffi.getRawPointer(bytes), BigInt(bytes.length), MSG_OOB);
  if (Number(sent) !== bytes.length) throw new Error("send(MSG_OOB) failed");
}
