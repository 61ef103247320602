/**
 * Who hears what happens to a socket. A socket of the relay has one listener at a time, which changes as its connection comes
 * further, and the functions that Node calls stay the same: that costs less than listeners that come and go.
 *
 * It decides nothing. What a listener throws is given back to it, and never reaches Node.
 */
import type net from "node:net";

export interface SocketEvents {
  onData(bytes: Buffer): void;
  onEnd(): void;
  onError(error: Error): void;
  /** Nothing is left of the socket. */
  onClose(): void;
  /** One of the others has thrown. */
  onDefect(error: unknown): void;
}

const EVENTS = Symbol("events");

interface HeardSocket extends net.Socket {
  [EVENTS]?: SocketEvents;
}

/** From now on `events` hears of the socket, and nobody who did before. */
export function hear(socket: net.Socket, events: SocketEvents): void {
  const heard = socket as HeardSocket;
  const isNew = heard[EVENTS] === undefined;
  heard[EVENTS] = events;
  if (isNew) socket.on("error", onError).on("end", onEnd).on("close", onClose);
}

/** Lets the socket's bytes come; without this it is only heard what else happens to it. */
export function letFlow(socket: net.Socket): void {
  socket.on("data", onData);
}

/** Bytes and ends are somebody else's to hear; `hear` may follow for the rest. */
export function stopFlow(socket: net.Socket): void {
  socket.off("data", onData).off("end", onEnd);
}

/** Bytes that were read past the socket's own stream. */
export function tellData(socket: net.Socket, bytes: Buffer): void {
  onData.call(socket, bytes);
}

function onData(this: HeardSocket, bytes: Buffer): void {
  const events = this[EVENTS];
  try {
    events?.onData(bytes);
  } catch (error) {
    events?.onDefect(error);
  }
}

function onEnd(this: HeardSocket): void {
  const events = this[EVENTS];
  try {
    events?.onEnd();
  } catch (error) {
    events?.onDefect(error);
  }
}

function onError(this: HeardSocket, error: Error): void {
  const events = this[EVENTS];
  try {
    events?.onError(error);
  } catch (defect) {
    events?.onDefect(defect);
  }
}

function onClose(this: HeardSocket): void {
  const events = this[EVENTS];
  try {
    events?.onClose();
  } catch (error) {
    events?.onDefect(error);
  }
}
