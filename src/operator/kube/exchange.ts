/**
 * One HTTP exchange with the API server: sends a request, reads an answer, turns every way to fail into an ApiError.
 * It never retries and knows no resource.
 */
import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { ApiError, failureOf } from "./api-error.ts";
import type { Connection } from "./connection.ts";

/** The name in the API server's audit log and metrics. */
const USER_AGENT = "fsm-gateway";

/**
 * TCP and TLS of a new connection, in ms. Far below any request's limit: a first packet that was lost while the way was cut is
 * repeated by the kernel after up to half a minute, a new try at once.
 */
const CONNECT_TIMEOUT_MS = 5_000;

/** A message of a broken answer is for people: no more than this of it, in characters. */
const MAX_MESSAGE_CHARS = 500;

export interface WireRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Path with query, below the server's URL. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** `application/json` when absent. */
  readonly contentType?: string;
  /** `application/json` when absent. */
  readonly accept?: string;
  /** Limit of the whole exchange, in ms. For a watch: the longest silence on its connection. */
  readonly timeoutMs: number;
  /** Ends the exchange; its reason is what the promise rejects with. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The JSON of the answer; undefined for an empty one.
 * @throws ApiError, or the reason of `signal`.
 */
export async function exchange(connection: Connection, request: WireRequest): Promise<unknown> {
  const limit = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal === undefined ? limit : AbortSignal.any([limit, request.signal]);
  try {
    const response = await send(connection, request, "pool", signal);
    return await readJson(connection, request, response);
  } catch (error) {
    throw explained(error, request, limit);
  }
}

/**
 * An answer whose body comes in pieces over a connection of its own; its body ends in an error when nothing arrives for
 * `timeoutMs`.
 * @throws ApiError, or the reason of `signal`.
 */
export async function openStream(connection: Connection, request: WireRequest): Promise<http.IncomingMessage> {
  try {
    const response = await send(connection, request, "single", request.signal);
    if (response.statusCode === 200) return response;
    await readJson(connection, request, response);
    throw new ApiError({ type: "Unexpected", status: response.statusCode ?? 0 }, `${line(request)}: no stream`);
  } catch (error) {
    throw explained(error, request);
  }
}

/** `error` as an ApiError that names the request; aborts by the caller pass unchanged. */
export function explained(error: unknown, request: WireRequest, limit?: AbortSignal): unknown {
  if (error instanceof ApiError) return error;
  if (request.signal?.aborted) return request.signal.reason;
  if (limit?.aborted) {
    return new ApiError({ type: "Timeout" }, `${line(request)}: no answer within ${request.timeoutMs} ms`, error);
  }
  const why = error instanceof Error ? error.message : String(error);
  return new ApiError({ type: "Unreachable" }, `${line(request)}: ${why}`, error);
}

async function send(
  connection: Connection,
  request: WireRequest,
  use: "pool" | "single",
  signal?: AbortSignal,
): Promise<http.IncomingMessage> {
  const target = await connection.target(use);
  signal?.throwIfAborted();
  const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
  const options: https.RequestOptions = {
    method: request.method,
    hostname: target.hostname,
    port: target.port,
    path: target.pathPrefix + request.path,
    agent: target.agent,
    headers: headersOf(target.headers, request, body),
    ...(target.auth === undefined ? {} : { auth: target.auth }),
    ...(signal === undefined ? {} : { signal }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = (target.protocol === "http:" ? http : https).request(options, resolve);
    outgoing.on("error", reject);
    outgoing.on("socket", (socket) => limitConnect(socket));
    if (use === "single") guardSilence(outgoing, request.timeoutMs);
    outgoing.end(body);
  });
}

/** A socket of the pool is connected already, and is left alone. */
function limitConnect(socket: Socket): void {
  if (!socket.connecting) return;
  const late = () => socket.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`));
  const timer = setTimeout(late, CONNECT_TIMEOUT_MS);
  const done = () => clearTimeout(timer);
  socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", done).once("close", done);
}

/**
 * Two guards, since a peer that vanished sends no FIN: the kernel's keep-alive probes find a dead host, and the time-out
 * finds a live one behind which nothing answers (an API server's watch speaks at least once a minute, by bookmarks).
 */
function guardSilence(outgoing: http.ClientRequest, silenceMs: number): void {
  let open: http.ClientRequest | http.IncomingMessage = outgoing;
  outgoing.on("response", (response) => {
    open = response;
  });
  outgoing.on("socket", (socket) => socket.setKeepAlive(true, 15_000));
  outgoing.setTimeout(silenceMs, () => open.destroy(new Error(`nothing was received for ${silenceMs} ms`)));
}

function headersOf(credentials: Readonly<Record<string, string>>, request: WireRequest, body: Buffer | undefined) {
  return {
    ...credentials,
    accept: request.accept ?? "application/json",
    "user-agent": USER_AGENT,
    ...(body === undefined
      ? {}
      : { "content-type": request.contentType ?? "application/json", "content-length": String(body.length) }),
  };
}

async function readJson(
  connection: Connection,
  request: WireRequest,
  response: http.IncomingMessage,
): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return text === "" ? undefined : parse(text, request, status);
  if (status === 401) connection.invalidate();
  const { reason, message } = statusOf(text);
  const answer = message.slice(0, MAX_MESSAGE_CHARS);
  const failure = failureOf(status, reason, response.headers["retry-after"]);
  throw new ApiError(failure, `${line(request)}: ${status} ${answer}`, undefined, answer);
}

function parse(text: string, request: WireRequest, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ApiError({ type: "Unexpected", status }, `${line(request)}: the answer is no JSON`, error);
  }
}

/** What a metav1.Status says, or the text itself: proxies in between answer in other ways. */
function statusOf(text: string): { reason?: string; message: string } {
  try {
    const { reason, message }: { reason?: unknown; message?: unknown } = JSON.parse(text);
    return {
      ...(typeof reason === "string" ? { reason } : {}),
      message: typeof message === "string" ? message : text,
    };
  } catch {
    return { message: text };
  }
}

function line(request: WireRequest): string {
  return `${request.method} ${request.path}`;
}
