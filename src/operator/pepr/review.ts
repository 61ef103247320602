/**
 * From a rule's verdict to an answer that Kubernetes can live with: what exists already is not locked in by a rule that came
 * later, and a defect of ours refuses nothing. Knows neither HTTP nor Pepr.
 */
import { isDeepStrictEqual } from "node:util";
import type { AdmissionContext } from "../../admission/ownership.ts";
import { problemText, type Verdict } from "../../admission/verdict.ts";
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import type { Logger } from "../../model/log.ts";

export interface Review<T> {
  readonly object: T;
  /** The object as it is stored; absent when it is being created. */
  readonly before: T | undefined;
}

export interface Answer {
  /** Present: the object is refused with this text. */
  readonly refusal?: string;
  readonly warnings: readonly string[];
}

type Reviewed = KubernetesObject & { readonly spec: unknown };

export interface ReviewerOptions {
  readonly log: Logger;
  /** What the operator knows at that moment. */
  readonly context: () => AdmissionContext;
  /** For metrics. */
  readonly onReview?: (verdict: ReviewVerdict, durationMs: number) => void;
}

export type ReviewVerdict =
  | "admitted"
  /** Admitted, with warnings. */
  | "warned"
  | "refused"
  /** Admitted unjudged: the spec is as it was, or the object is going. */
  | "unchanged"
  /** Admitted unchecked, by a defect of ours. */
  | "failed";

/** Kubernetes shows warnings up to 256 characters whole (KEP-1693). */
const MAX_WARNING_CHARACTERS = 256;

/** A function that answers every review and never throws. */
export function reviewer<T extends Reviewed>(
  validate: (object: T, context: AdmissionContext) => Verdict,
  { log, context, onReview }: ReviewerOptions,
): (review: Review<T>) => Answer {
  return (review) => {
    const startedMs = performance.now();
    const tell = (verdict: ReviewVerdict) => onReview?.(verdict, performance.now() - startedMs);
    try {
      const answer = isOldSpec(review) ? undefined : answerOf(validate(review.object, context()));
      tell(answer === undefined ? "unchanged" : verdictOf(answer));
      return answer ?? { warnings: [] };
    } catch (error) {
      tell("failed");
      const { kind, metadata } = review.object;
      log.error("admission has a defect; the object is admitted unchecked", {
        kind,
        namespace: metadata?.namespace,
        name: metadata?.name,
        error,
      });
      return { warnings: ["fsm-gateway could not check this object because of an internal error; its log says more"] };
    }
  };
}

/**
 * Labels, finalizers and owners must stay editable, and an object that is going must be able to go, though its spec is one
 * that would be refused today (ratcheting, KEP-4008).
 */
function isOldSpec<T extends Reviewed>({ object, before }: Review<T>): boolean {
  if (object.metadata?.deletionTimestamp !== undefined) return true;
  return before !== undefined && before !== null && isDeepStrictEqual(object.spec, before.spec);
}

function verdictOf({ refusal, warnings }: Answer): ReviewVerdict {
  if (refusal !== undefined) return "refused";
  return warnings.length > 0 ? "warned" : "admitted";
}

function answerOf({ problems, warnings }: Verdict): Answer {
  const remarks = warnings.map((warning) => shortened(problemText([warning])));
  return problems.length === 0 ? { warnings: remarks } : { refusal: problemText(problems), warnings: remarks };
}

function shortened(text: string): string {
  return text.length <= MAX_WARNING_CHARACTERS ? text : `${text.slice(0, MAX_WARNING_CHARACTERS - 1)}…`;
}
