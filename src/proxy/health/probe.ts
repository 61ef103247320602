/**
 * One check of one endpoint: connects, and as far as is asked for, shakes hands and sends a request.
 *
 * It tells what it has found and remembers nothing.
 */
import http from "node:http";
import type net from "node:net";
import tls from "node:tls";
import type { Endpoint } from "../../model/proxy-config.ts";
import type { HealthCheck } from "../../model/traffic.ts";
import type { Clock } from "../clock.ts";
import { type Connect, errorCode } from "../relay/socket-options.ts";
import { tlsErrorText } from "../terminate/tls-error.ts";

export interface ProbeOptions {
  readonly check: HealthCheck;
  /** A PROXY header that says that we speak for ourselves; absent: the backend expects none. */
  readonly prologue?: Uint8Array;
  readonly connect: Connect;
  readonly clock: Clock;
}

/** `problem`: why it has failed, in a few words that hold no byte of the peer's. */
export type ProbeResult =
  | { readonly passed: true }
  | { readonly passed: false; readonly problem: string }
  /** Nothing was learnt of the endpoint: the check was cancelled, or we had no descriptor for it. */
  | "unknown";

const PASSED: ProbeResult = { passed: true };

export interface Probe {
  /** Never rejects. */
  readonly result: Promise<ProbeResult>;
  cancel(): void;
}

export function probe(endpoint: Endpoint, { check, prologue, connect, clock }: ProbeOptions): Probe {
  const { promise, resolve } = Promise.withResolvers<ProbeResult>();
  const socket = connect(endpoint);
  const settle = (result: ProbeResult) => {
    cancelTimeOut();
    socket.destroy();
    resolve(result);
  };
  const fail = (problem: string) => settle({ passed: false, problem });
  const cancelTimeOut = clock.after(check.timeOutMs, () => fail(`no answer within ${check.timeOutMs} ms`));
  socket.on("error", (error) => {
    const code = errorCode(error);
    if (code === "EMFILE" || code === "ENFILE") settle("unknown");
    else fail(code);
  });
  socket.once("close", () => fail("the endpoint closed"));
  socket.once("connect", () => {
    if (prologue !== undefined) socket.write(prologue);
    if (check.type === "TCP") settle(PASSED);
    else shakeHands(socket, check, settle, fail);
  });
  return { result: promise, cancel: () => settle("unknown") };
}

type EncryptedCheck = Extract<HealthCheck, { type: "TLS" | "HTTPS" }>;
type Settle = (result: ProbeResult) => void;
type Fail = (problem: string) => void;

/** Nothing of ours is sent that must not be read, so that the certificate need not be judged. */
function shakeHands(tcp: net.Socket, check: EncryptedCheck, settle: Settle, fail: Fail): void {
  const { serverName } = check;
  const servername = serverName === undefined ? {} : { servername: serverName };
  const alpn = check.type === "HTTPS" ? { ALPNProtocols: ["http/1.1"] } : {};
  const socket = tls.connect({ socket: tcp, rejectUnauthorized: false, ...servername, ...alpn });
  socket.on("error", (error) => fail(`TLS: ${tlsErrorText(error)}`));
  socket.once("secureConnect", () => {
    if (check.type === "TLS") settle(PASSED);
    else get(socket, check, settle, fail);
  });
}

function get(
  socket: net.Socket,
  { serverName, path }: Extract<HealthCheck, { type: "HTTPS" }>,
  settle: Settle,
  fail: Fail,
): void {
  const headers = { host: serverName, "user-agent": "fsm-gateway", connection: "close" };
  const request = http.request({ createConnection: () => socket, path, headers });
  request.on("error", () => fail("no HTTP answer"));
  request.once("response", ({ statusCode = 0 }) => {
    if (statusCode >= 200 && statusCode < 300) settle(PASSED);
    else fail(`status ${statusCode}`);
  });
  request.end();
}
