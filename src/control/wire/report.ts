/**
 * Reports of the model to and from the contract. Pure and total.
 *
 * Here a word that the operator does not know is no reason to refuse: the report of a newer proxy still says what serves,
 * and its message says the rest. The unknown word becomes the most general one of its kind.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import type {
  BindFailure,
  ConfigRefusal,
  HostFailure,
  ListenerReport,
  ProxyReport,
  RefusalReason,
} from "../../model/proxy-report.ts";
import type {
  ListenerReportSchema,
  Refusal,
  Report,
  ListenerReport as WireListenerReport,
} from "../generated/control_pb.ts";
import { ReportSchema } from "../generated/control_pb.ts";

const BIND_FAILURES: Record<BindFailure, true> = { port_in_use: true, port_not_permitted: true, bind_failed: true };

const HOST_FAILURES: Record<HostFailure, true> = {
  name_not_found: true,
  no_address: true,
  dns_timeout: true,
  dns_failed: true,
  address_forbidden: true,
};

const REFUSAL_REASONS: Record<RefusalReason, true> = {
  unknown_listener: true,
  unknown_backend: true,
  unknown_endpoints: true,
  unknown_certificate: true,
  unknown_authorities: true,
  duplicate_hostname: true,
  duplicate_listener: true,
  port_conflict: true,
  invalid_resource: true,
  revision_mismatch: true,
};

/**
 * Longest message of a report that the operator keeps, in characters. Messages become part of conditions, which the API server
 * rejects above 32,768 characters: one Pod must not block the status of its Gateway. The proxies' longest message is about 300.
 */
const MAX_MESSAGE_CHARACTERS = 1_024;

/** @param acknowledges sequence of the delta that this answers, or 0 */
export function reportToWire(report: ProxyReport, acknowledges: number): Report {
  const { revision, refusal } = report;
  return create(ReportSchema, {
    acknowledges,
    revision,
    listeners: report.listeners.map(listenerToWire),
    unresolvedHosts: report.unresolvedHosts.map(({ host, reason, message }) => ({ host, reason, message })),
    ...(refusal === undefined
      ? {}
      : { refusal: { revision: refusal.revision, reason: refusal.reason, message: refusal.message } }),
  });
}

function listenerToWire(listener: ListenerReport): MessageInitShape<typeof ListenerReportSchema> {
  const { key, version } = listener;
  if (listener.state === "bound") return { key, version, state: { case: "bound", value: {} } };
  const { reason, message } = listener;
  return { key, version, state: { case: "failed", value: { reason, message } } };
}

export function reportFromWire(report: Report): ProxyReport {
  return {
    revision: report.revision,
    listeners: report.listeners.map(listenerFromWire),
    unresolvedHosts: report.unresolvedHosts.map(({ host, reason, message }) => ({
      host,
      reason: known(HOST_FAILURES, reason, "dns_failed"),
      message: shorten(message),
    })),
    ...(report.refusal === undefined ? {} : { refusal: refusalFromWire(report.refusal) }),
  };
}

function listenerFromWire({ key, version, state }: WireListenerReport): ListenerReport {
  switch (state.case) {
    case "bound":
      return { key, version, state: "bound" };
    case "failed": {
      const reason = known(BIND_FAILURES, state.value.reason, "bind_failed");
      return { key, version, state: "failed", reason, message: shorten(state.value.message) };
    }
    case undefined:
      return {
        key,
        version,
        state: "failed",
        reason: "bind_failed",
        message: "the proxy reports a state that this operator does not know; it may be older than the proxy",
      };
  }
}

function refusalFromWire({ revision, reason, message }: Refusal): ConfigRefusal {
  return { revision, reason: known(REFUSAL_REASONS, reason, "invalid_resource"), message: shorten(message) };
}

/** Truncates at the limit and removes control characters, which would forge lines where conditions are printed. */
function shorten(message: string): string {
  const printable = message.replaceAll(/\p{Cc}/gu, " ");
  return printable.length <= MAX_MESSAGE_CHARACTERS
    ? printable
    : `${printable.slice(0, MAX_MESSAGE_CHARACTERS).toWellFormed()}…`;
}

function known<Word extends string>(words: Record<Word, true>, word: string, otherwise: Word): Word {
  return isOneOf(words, word) ? word : otherwise;
}

function isOneOf<Word extends string>(words: Record<Word, true>, word: string): word is Word {
  return Object.hasOwn(words, word);
}
