/**
 * One admitted proxy: its messages in, its deltas out, its deadlines. The decisions are subscriber-state's.
 *
 * It never queues: a publication, an answer or a due token raises the latch, and the writing side looks at what is so now.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Logger } from "../../model/log.ts";
import type { ProxyReport } from "../../model/proxy-report.ts";
import type { HeldConfig } from "../delta.ts";
import type { SubscribeRequest, SubscribeResponse } from "../generated/control_pb.ts";
import { SubscribeResponseSchema } from "../generated/control_pb.ts";
import { Latch } from "../latch.ts";
import { REPORT_INTERVAL_MS } from "../protocol.ts";
import { Throttle } from "../throttle.ts";
import { deltaToWire } from "../wire/chunks.ts";
import { reportFromWire } from "../wire/report.ts";
import { decodeReport } from "../wire/requests.ts";
import { type Authenticate, identify, type ProxyIdentity } from "./authentication.ts";
import { Deadline } from "./deadline.ts";
import { outOfMemory } from "./hello.ts";
import { Lag } from "./lag.ts";
import type { Reservation } from "./memory-budget.ts";
import { DEFAULT_PACE, MessagePace } from "./message-pace.ts";
import type { PublishedConfig } from "./published-config.ts";
import { answered, nextStep, type Step, type SubscriberState, subscribed } from "./subscriber-state.ts";

export interface StreamTiming {
  /** How long a proxy may take to answer a delta or a token request. */
  readonly answerTimeoutMs: number;
  /** How often a proxy must show a token that is valid then. */
  readonly reauthenticateMs: number;
  /** How long the peer has to read the end of the stream before it is reset. */
  readonly endGraceMs: number;
}

/** What became of a configuration that was sent. */
export interface ConfigAnswer {
  readonly outcome: "applied" | "refused";
  /** From the first publication that it holds to the answer, in ms. */
  readonly lagMs: number;
}

export interface ProxyStreamParts {
  readonly identity: ProxyIdentity;
  readonly held: HeldConfig;
  /** Released when the stream is gone. */
  readonly memory: Reservation;
  readonly log: Logger;
  readonly timing: StreamTiming;
  readonly published: () => PublishedConfig | undefined;
  readonly authenticate: Authenticate;
  readonly onReport: (report: ProxyReport) => void;
  readonly onAnswer: (answer: ConfigAnswer) => void;
  readonly reset: () => void;
}

/** Memory of a decoded report, as a multiple of its encoding: an object and some strings for each entry. */
const REPORT_FACTOR = 8;

export class ProxyStream {
  /** Without the list of what the proxy held at first, which is in memory only as long as the state needs it. */
  readonly #parts: Omit<ProxyStreamParts, "held">;
  readonly #latch = new Latch();
  readonly #answerDue = new Deadline();
  readonly #tokenAnswerDue = new Deadline();
  readonly #tokenAge = new Deadline();
  readonly #endDue = new Deadline();
  readonly #lag = new Lag();
  readonly #reports = new Throttle<ProxyReport>(REPORT_INTERVAL_MS, (report) => this.#tellReport(report));
  /** Of messages that the operator did not request. */
  readonly #pace = new MessagePace(DEFAULT_PACE, performance.now());
  #state: SubscriberState;
  #tokenDue = false;
  /** A token was requested and has not arrived. Only then is a token reviewed. */
  #isTokenExpected = false;
  #ended: { readonly error?: ConnectError } | undefined;
  #report: ProxyReport | undefined;
  /** Memory of the list that the proxy sent; 0 once a shared configuration has replaced it. */
  #heldBytes: number;
  #reportBytes = 0;

  constructor({ held, ...parts }: ProxyStreamParts) {
    this.#parts = parts;
    this.#state = subscribed(held);
    this.#heldBytes = parts.memory.bytes;
    if (parts.published() !== undefined) this.#lag.published(performance.now());
    this.#scheduleTokenRequest();
  }

  /** The last report; undefined before the first. */
  get report(): ProxyReport | undefined {
    return this.#report;
  }

  get lagMs(): number {
    return this.#lag.ageMs(performance.now());
  }

  /** Something was published: look whether there is anything to send. */
  wake(): void {
    this.#lag.published(performance.now());
    this.#latch.raise();
  }

  /** Ends the stream, with the error for the proxy if there is one. The first end counts. */
  end(error?: ConnectError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error === undefined ? {} : { error };
    // The proxy's next stream may have sent a newer report by then.
    this.#reports.stop();
    this.#endDue.start(this.#parts.timing.endGraceMs, this.#parts.reset);
    this.#latch.raise();
  }

  /** Clears all timers, when the HTTP/2 stream is gone. */
  dispose(): void {
    this.end();
    for (const deadline of [this.#answerDue, this.#tokenAnswerDue, this.#tokenAge, this.#endDue]) deadline.clear();
    this.#parts.memory.release();
  }

  /** Reads until the proxy or `end` ends it. Never throws: what goes wrong ends the stream. */
  async read(requests: AsyncIterator<SubscribeRequest>): Promise<void> {
    try {
      for (;;) {
        const result = await requests.next();
        if (result.done === true || this.#ended !== undefined) return this.end();
        const isRequested = await this.#take(result.value);
        const waitMs = isRequested ? 0 : this.#pace.count(performance.now());
        if (waitMs > 0) await sleep(waitMs, undefined, { ref: false });
      }
    } catch (error) {
      // What is read of a stream that is gone fails in the platform's own words: that a proxy was killed is no error of ours.
      const level = this.#ended === undefined ? "error" : "debug";
      if (!(error instanceof ConnectError)) this.#parts.log[level]("control stream failed", { error });
      this.end(ConnectError.from(error, Code.Internal));
    }
  }

  async *responses(): AsyncGenerator<SubscribeResponse> {
    yield response({ case: "welcome", value: {} });
    while (this.#ended === undefined) {
      if (this.#tokenDue) {
        this.#tokenDue = false;
        this.#isTokenExpected = true;
        this.#expect(this.#tokenAnswerDue, "a fresh token");
        yield response({ case: "tokenRequest", value: {} });
        continue;
      }
      const { step, state } = nextStep(this.#state, this.#parts.published());
      this.#setState(state);
      if (step.type !== "delta" && state.inFlight === undefined) this.#lag.settled();
      if (step.type === "wait") await this.#latch.wait();
      else yield* this.#send(step);
    }
    if (this.#ended.error !== undefined) throw this.#ended.error;
  }

  *#send(step: Exclude<Step, { type: "wait" }>): Generator<SubscribeResponse> {
    if (step.type === "current") {
      yield response({ case: "current", value: { revision: step.revision } });
      return;
    }
    this.#lag.sent();
    this.#expect(this.#answerDue, "an answer to its configuration");
    for (const value of deltaToWire(step.delta, step.sequence)) yield response({ case: "delta", value });
  }

  /** Returns whether the message answers a delta or a token request; any other answer ends the stream. */
  async #take({ message }: SubscribeRequest): Promise<boolean> {
    switch (message.case) {
      case "report":
        return this.#takeReport(message.value);
      case "token":
        await this.#takeToken(message.value.token);
        return true;
      case "hello":
      case "held":
        throw new ConnectError("Hello was said before", Code.InvalidArgument);
      case undefined:
        // A message of a newer proxy, which by the rules of the contract may be ignored.
        return false;
    }
  }

  #setState(state: SubscriberState): void {
    if (state.held !== this.#state.held) this.#heldBytes = 0;
    this.#state = state;
    this.#parts.memory.resize(this.#heldBytes + this.#reportBytes);
  }

  #takeReport(bytes: Uint8Array): boolean {
    const decoded = decodeReport(bytes);
    if (!decoded.ok) throw new ConnectError(decoded.problem, Code.InvalidArgument);
    this.#reportBytes = bytes.length * REPORT_FACTOR;
    if (!this.#parts.memory.resize(this.#heldBytes + this.#reportBytes)) throw outOfMemory();
    const message = decoded.value;
    const report = reportFromWire(message);
    if (message.acknowledges !== 0) {
      const answer = answered(this.#state, message.acknowledges, report);
      if (!answer.ok) throw new ConnectError(`say anew what you hold: ${answer.problem}`, Code.Aborted);
      this.#answerDue.clear();
      this.#tellAnswer(report);
      this.#setState(answer.state);
      this.#latch.raise();
      this.#reports.discard();
      this.#tellReport(report);
      return true;
    }
    this.#reports.offer(report);
    return false;
  }

  #tellReport(report: ProxyReport): void {
    this.#report = report;
    this.#parts.onReport(report);
  }

  #tellAnswer({ revision, refusal }: ProxyReport): void {
    const { log, onAnswer } = this.#parts;
    const sent = this.#state.inFlight;
    const lagMs = this.#lag.answered(performance.now());
    const fields = { revision: sent?.revision, ...sent?.cause, lagMs: Math.round(lagMs) };
    if (sent?.revision === revision) log.debug("configuration acknowledged", fields);
    else
      log.warn("the proxy has refused a configuration", {
        ...fields,
        reason: refusal?.reason,
        problem: refusal?.message,
      });
    onAnswer({ outcome: sent?.revision === revision ? "applied" : "refused", lagMs });
  }

  async #takeToken(token: string): Promise<void> {
    // Each token costs a TokenReview, so the operator determines their rate.
    if (!this.#isTokenExpected) throw new ConnectError("no token was requested", Code.InvalidArgument);
    this.#isTokenExpected = false;
    this.#tokenAnswerDue.clear();
    const { identity, authenticate, log } = this.#parts;
    try {
      const now = await identify(authenticate, `Bearer ${token}`);
      if (now.gateway !== identity.gateway || now.proxyId !== identity.proxyId) {
        throw new ConnectError("the fresh token is another proxy's", Code.PermissionDenied);
      }
    } catch (error) {
      // A proxy once admitted is not cut off because the API server is away.
      if (ConnectError.from(error).code !== Code.Unavailable) throw error;
      log.warn("a proxy's fresh token cannot be verified now; its stream goes on", { error: String(error) });
    }
    this.#scheduleTokenRequest();
  }

  #scheduleTokenRequest(): void {
    this.#tokenAge.start(this.#parts.timing.reauthenticateMs, () => {
      this.#tokenDue = true;
      this.#latch.raise();
    });
  }

  #expect(deadline: Deadline, what: string): void {
    const { answerTimeoutMs } = this.#parts.timing;
    const error = new ConnectError(
      `the proxy did not send ${what} within ${answerTimeoutMs} ms`,
      Code.DeadlineExceeded,
    );
    deadline.start(answerTimeoutMs, () => this.end(error));
  }
}

type ResponseMessage = NonNullable<
  Exclude<MessageInitShape<typeof SubscribeResponseSchema>, SubscribeResponse>["message"]
>;

function response(message: ResponseMessage): SubscribeResponse {
  return create(SubscribeResponseSchema, { message });
}
