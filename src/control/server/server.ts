/**
 * The operator's end of the config stream: admits proxies, and gives each the configuration of its own Gateway.
 *
 * One bidirectional call per proxy rather than a server stream with unary acknowledgements: answers then arrive in the
 * order of what they answer, at the replica that asked (unary calls through the Service could reach another), and end
 * with the stream. It holds the newest configuration per Gateway and one small state per proxy; it never queues.
 */
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { Cause } from "../../model/cause.ts";
import type { Logger } from "../../model/log.ts";
import type { ProxyConfig } from "../../model/proxy-config.ts";
import type { ProxyReport } from "../../model/proxy-report.ts";
import { ControlService, NotLeaderSchema, type SubscribeRequest } from "../generated/control_pb.ts";
import { AttemptLimiter, type AttemptLimits, DEFAULT_ATTEMPT_LIMITS } from "./attempt-limiter.ts";
import { type Authenticate, identify } from "./authentication.ts";
import { GatewayFeeds, type SubscriberView } from "./gateway-feeds.ts";
import { type ProxyHello, readHello } from "./hello.ts";
import { Http2Endpoint, peerKey, resetStreamKey, type ServerCertificate } from "./http2-endpoint.ts";
import { DEFAULT_BUDGET_BYTES, MemoryBudget, type Reservation } from "./memory-budget.ts";
import { type ConfigAnswer, ProxyStream, type StreamTiming } from "./proxy-stream.ts";
import type { SessionUpkeep } from "./session-upkeep.ts";

export interface ControlServerOptions {
  readonly log: Logger;
  readonly certificate: ServerCertificate;
  readonly authenticate: Authenticate;
  readonly isLeader: () => boolean;
  /** Every report of an admitted proxy; the first comes at once after it has subscribed. Must not throw. */
  readonly onReport: (gateway: string, proxyId: string, report: ProxyReport) => void;
  /** The proxy's stream ended and no newer stream of the same proxy took its place. Must not throw. */
  readonly onGone: (gateway: string, proxyId: string) => void;
  /** For metrics: a proxy has answered a configuration. Must not throw. */
  readonly onAnswer?: (answer: ConfigAnswer) => void;
  /** For metrics: what became of a proxy's wish to subscribe. Must not throw. */
  readonly onSubscription?: (outcome: SubscriptionOutcome) => void;
  readonly timing?: Partial<ControlServerTiming>;
  /** Limits of the authentication attempts from one address. */
  readonly attemptLimits?: AttemptLimits;
  /** Limit of the memory for what all proxies report, in bytes. */
  readonly memoryBytes?: number;
  /** Beyond this, connections without a call are reset. */
  readonly maxConnections?: number;
}

export type SubscriptionOutcome =
  | "admitted"
  /** This replica does not lead; the proxy tries another. */
  | "not_leader"
  /** A bad token, a malformed hello, or too late. */
  | "refused"
  /** The address has made too many attempts; no token was reviewed. */
  | "rate_limited";

export interface ControlServerTiming extends StreamTiming, SessionUpkeep {
  /** How long a proxy may take to say Hello. */
  readonly helloTimeoutMs: number;
}

/** A dead proxy is gone after 15 s; the slowest apply we know of, binding 64 ports, takes well under a second. */
const TIMING: ControlServerTiming = {
  answerTimeoutMs: 60_000,
  reauthenticateMs: 5 * 60_000,
  endGraceMs: 1_000,
  pingIntervalMs: 10_000,
  pingTimeoutMs: 5_000,
  idleTimeoutMs: 10_000,
  helloTimeoutMs: 10_000,
};

export interface Subscriber {
  readonly proxyId: string;
  /** The last report; undefined before the first. */
  readonly report: ProxyReport | undefined;
}

export interface ControlServer {
  /** Resolves with the port bound (`port` may be 0); rejects with the system's error. */
  listen(port: number, host: string): Promise<number>;
  /** Makes this the configuration of the Gateway's proxies, now and as they come. The newest wins. `cause` is for logs. */
  publish(gateway: string, config: ProxyConfig, cause?: Cause): void;
  /** Forgets the Gateway's configuration. Proxies keep what they hold and wait for the next publication. */
  retract(gateway: string): void;
  subscribers(gateway: string): readonly Subscriber[];
  /** Of all Gateways, for metrics and pages. */
  overview(): readonly SubscriberView[];
  /** The certificate for connections from now on; streams stay. Throws when certificate and key do not match. */
  setSecureContext(certificate: ServerCertificate): void;
  /** Leadership is lost: ends all streams and forgets all configurations, which another replica may now change. */
  stepDown(): void;
  /** Ends all streams and frees the port. */
  close(): Promise<void>;
}

export function createControlServer(options: ControlServerOptions): ControlServer {
  const timing = { ...TIMING, ...options.timing };
  const feeds = new GatewayFeeds(options.onGone);
  const attempts = new AttemptLimiter(options.attemptLimits ?? DEFAULT_ATTEMPT_LIMITS);
  const memory = new MemoryBudget(options.memoryBytes ?? DEFAULT_BUDGET_BYTES);
  const admission: Admission = { ...options, timing, feeds, attempts, memory };
  const endpoint = new Http2Endpoint({
    log: options.log,
    certificate: options.certificate,
    upkeep: timing,
    closeGraceMs: timing.endGraceMs,
    ...(options.maxConnections === undefined ? {} : { maxConnections: options.maxConnections }),
    routes: (router) =>
      router.service(ControlService, { subscribe: (requests, context) => subscribe(admission, requests, context) }),
  });
  return {
    listen: (port, host) => endpoint.listen(port, host),
    publish: (gateway, config, cause) => feeds.publish(gateway, config, cause),
    retract: (gateway) => feeds.retract(gateway),
    subscribers: (gateway) => feeds.subscribers(gateway),
    overview: () => feeds.overview(),
    setSecureContext: (certificate) => endpoint.setSecureContext(certificate),
    stepDown: () => feeds.endAll(notLeader()),
    close: () => {
      feeds.endAll(new ConnectError("the operator is ending", Code.Unavailable));
      return endpoint.close();
    },
  };
}

interface Admission extends Omit<ControlServerOptions, "timing"> {
  readonly timing: ControlServerTiming;
  readonly feeds: GatewayFeeds;
  readonly attempts: AttemptLimiter;
  readonly memory: MemoryBudget;
}

async function* subscribe(admission: Admission, requests: AsyncIterable<SubscribeRequest>, context: HandlerContext) {
  const iterator = requests[Symbol.asyncIterator]();
  const memory = admission.memory.reserve();
  const stream = await admit(admission, iterator, context, memory).catch((error: unknown) => {
    memory.release();
    // Proxies ask a replica that does not lead all the time; every other refusal is for someone to look at.
    // A line for each rejected attempt would fill the log. The metric counts them.
    const isLimited = ConnectError.from(error).code === Code.ResourceExhausted;
    const level = admission.isLeader() && !isLimited ? "warn" : "debug";
    admission.onSubscription?.(isLimited ? "rate_limited" : admission.isLeader() ? "refused" : "not_leader");
    admission.log[level]("proxy not admitted", { reason: ConnectError.from(error).message });
    throw error;
  });
  void stream.read(iterator);
  yield* stream.responses();
}

/** Nothing of the body is read before the token is known to be good. */
async function admit(
  admission: Admission,
  requests: AsyncIterator<SubscribeRequest>,
  context: HandlerContext,
  memory: Reservation,
): Promise<ProxyStream> {
  const { isLeader, authenticate, timing, feeds, onReport, onAnswer, onSubscription } = admission;
  if (!isLeader()) throw notLeader();
  if (!admission.attempts.tryAttempt(context.values.get(peerKey), performance.now())) throw rateLimited();
  const identity = await identify(authenticate, context.requestHeader.get("authorization"));
  const { statedProxyId, held } = await inTime(readHello(requests, memory), timing.helloTimeoutMs);
  const { gateway, proxyId } = identity;
  const log = admission.log.child({ gateway, proxyId });
  if (statedProxyId !== proxyId) log.warn("the proxy gives another name than its token", { statedProxyId });
  // Both may have changed while we waited for the token's review.
  if (!isLeader()) throw notLeader();
  context.signal.throwIfAborted();

  const stream = new ProxyStream({
    identity,
    held,
    memory,
    log,
    timing,
    authenticate,
    published: () => feeds.published(gateway),
    onReport: (report) => onReport(gateway, proxyId, report),
    onAnswer: (answer) => onAnswer?.(answer),
    reset: context.values.get(resetStreamKey),
  });
  const leave = feeds.join(identity, stream);
  const onEnd = () => {
    log.info("proxy unsubscribed", { reason: ConnectError.from(context.signal.reason).message });
    leave();
  };
  context.signal.addEventListener("abort", onEnd, { once: true });
  log.info("proxy subscribed", { revision: held.revision });
  onSubscription?.("admitted");
  return stream;
}

async function inTime(hello: Promise<ProxyHello>, timeoutMs: number): Promise<ProxyHello> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new ConnectError(`no complete Hello within ${timeoutMs} ms`, Code.DeadlineExceeded);
    timer = setTimeout(() => reject(error), timeoutMs).unref();
  });
  try {
    return await Promise.race([hello, late]);
  } finally {
    clearTimeout(timer);
  }
}

function rateLimited(): ConnectError {
  return new ConnectError("this address asks to be authenticated too often", Code.ResourceExhausted);
}

function notLeader(): ConnectError {
  const detail = { desc: NotLeaderSchema, value: {} };
  return new ConnectError("not the leader", Code.Unavailable, undefined, [detail]);
}
