/** One connection, to see whether a route is served: a hello out, any byte back. */
import { connect } from "node:net";
import type { Address } from "./world.ts";

export async function answers(target: Address, hello: Buffer, timeoutMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host: target.host, port: target.port, noDelay: true });
  socket.setTimeout(timeoutMs, () => resolve(false));
  socket.once("connect", () => socket.write(hello));
  socket.once("data", () => resolve(true));
  socket.once("error", () => resolve(false));
  socket.once("close", () => resolve(false));
  const answered = await promise;
  socket.destroy();
  return answered;
}
