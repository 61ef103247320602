/**
 * One stream from its connection to its end. It never retries, and never leaves while an apply is under way: what the
 * proxy holds would be unknown.
 */
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { ControlService } from "../generated/control_pb.ts";
import { MAX_MESSAGE_BYTES } from "../wire/chunks.ts";
import { type ConnectionOptions, connect, type SessionManager } from "./connection.ts";
import { Inbox, type InboxParts } from "./inbox.ts";

export interface SubscriptionOptions extends ConnectionOptions, InboxParts {
  readonly proxyId: string;
  /** PEM; asked for at each connection. */
  readonly ca: () => Promise<string | Buffer>;
}

/** Resolves with the reason when the stream has ended, whoever ended it. Never rejects. */
export async function subscribe(options: SubscriptionOptions, signal: AbortSignal): Promise<ConnectError> {
  try {
    const [ca, token] = await Promise.all([options.ca(), options.token()]);
    const connection = await connect(options, ca, signal);
    try {
      await converse(options, connection.sessionManager, token.trim(), signal);
    } finally {
      connection.close();
    }
    return new ConnectError("the operator ended the stream", Code.Unavailable);
  } catch (error) {
    return ConnectError.from(error);
  }
}

async function converse(
  options: SubscriptionOptions,
  sessionManager: SessionManager,
  token: string,
  signal: AbortSignal,
): Promise<void> {
  const { url: baseUrl, proxyId, applier } = options;
  const transport = createConnectTransport({
    httpVersion: "2",
    baseUrl,
    sessionManager,
    acceptCompression: [],
    readMaxBytes: MAX_MESSAGE_BYTES,
  });
  const inbox = new Inbox({ ...options, token: async () => (await options.token()).trim() });
  const { outbox } = inbox;
  const stopListening = applier.onReport(() => outbox.reportChanged());
  try {
    const requests = outbox.messages(proxyId, applier.configState());
    const headers = { authorization: `Bearer ${token}` };
    const responses = createClient(ControlService, transport).subscribe(requests, { headers, signal });
    for await (const response of responses) await inbox.take(response);
  } finally {
    stopListening();
    outbox.close();
  }
}
