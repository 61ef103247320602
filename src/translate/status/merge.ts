/**
 * Joins what we want a status to say with what it says now. Only what is ours is touched: conditions of other types and
 * entries of other controllers are kept as they are and where they are, our own stale ones are removed, and
 * `lastTransitionTime` moves only when a condition's status flips (Gateway API, "Status"). Pure: the time is passed in.
 */
import {
  type Condition,
  GATEWAY_GROUP,
  type ListenerStatus,
  type ParentReference,
  type PolicyAncestorStatus,
  type RouteParentStatus,
} from "../../gateway-api/objects.ts";
import type {
  DesiredCondition,
  DesiredListenerStatus,
  GatewayClassStatusPlan,
  GatewayParametersStatusPlan,
  GatewayStatusPlan,
  ListenerSetStatusPlan,
  PolicyStatusPlan,
  RouteStatusPlan,
  StatusPlan,
} from "../../model/plan.ts";
import { ROLLOUT_PENDING } from "./rollout-pending.ts";

/** The status of the object as read, of any shape: it may come from an older controller. */
type CurrentStatus = Readonly<Record<string, unknown>> | undefined;

export interface MergeContext {
  readonly controllerName: string;
  /** RFC 3339, whole seconds: see `statusTime`. */
  readonly now: string;
}

/** What the CRDs allow; beyond it the API server refuses the whole status. */
const MAX_CONDITIONS = 8;
/**
 * The API's limit (metav1.Condition). Names in references make a message longer, as does the version in the annotation of Gateway API's
 * CRDs. The API server rejects the whole status for one message above it.
 */
const MAX_MESSAGE_CHARACTERS = 32_768;
const MAX_PARENTS = 32;
const MAX_ANCESTORS = 16;

/**
 * The condition types that Gateway API leaves to the object's one controller, by where they stand: of these, what we do not
 * want is our own old word, or a predecessor's, and goes. Every other type is somebody else's and stays. A class is not
 * here: its SupportedVersion is left out merely while the version cannot be read.
 */
const OWN_TYPES = {
  gateway: ["Accepted", "Programmed", "ResolvedRefs", "InsecureFrontendValidationMode", ROLLOUT_PENDING],
  listenerSet: ["Accepted", "Programmed"],
  listener: ["Accepted", "Conflicted", "Programmed", "ResolvedRefs", "OverlappingTLSConfig"],
  parent: ["Accepted", "ResolvedRefs", "PartiallyInvalid"],
  ancestor: ["Accepted", "ResolvedRefs"],
} as const;

/** A time as the API server writes it into a status (metav1.Time). */
export function statusTime(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}

/** The whole next status for `PUT …/status`. */
export function mergeStatus(plan: StatusPlan, current: CurrentStatus, context: MergeContext): Record<string, unknown> {
  switch (plan.kind) {
    case "GatewayClass":
      return mergeGatewayClass(plan, current, context);
    case "GatewayParameters":
      return mergeGatewayParameters(plan, current, context);
    case "Gateway":
      return mergeGateway(plan, current, context);
    case "ListenerSet":
      return mergeListenerSet(plan, current, context);
    case "TLSRoute":
    case "TCPRoute":
    case "HTTPRoute":
      return mergeRoute(plan, current, context);
    case "BackendTLSPolicy":
      return mergePolicy(plan, current, context);
  }
}

function mergeGatewayClass(plan: GatewayClassStatusPlan, current: CurrentStatus, { now }: MergeContext) {
  const conditions = mergeConditions(conditionsOf(current), plan.conditions, { generation: plan.generation, now });
  return { ...current, conditions, supportedFeatures: plan.supportedFeatures.map((name) => ({ name })) };
}

function mergeGatewayParameters(plan: GatewayParametersStatusPlan, current: CurrentStatus, { now }: MergeContext) {
  const { generation, gateways, gatewayNames } = plan;
  return {
    ...current,
    conditions: mergeConditions(conditionsOf(current), plan.conditions, { generation, now }),
    gateways,
    gatewayNames,
  };
}

function mergeGateway(plan: GatewayStatusPlan, current: CurrentStatus, { now }: MergeContext) {
  const { generation, addresses, attachedListenerSets } = plan;
  const own = OWN_TYPES.gateway;
  const conditions = mergeConditions(conditionsOf(current), plan.conditions, { generation, now, own });
  const listeners = mergeListeners(plan.listeners, current, generation, now);
  // An older bundle has no such field and would drop it: what is never stored would be written for ever.
  const isCounted = attachedListenerSets > 0 || current?.attachedListenerSets !== undefined;
  return { ...current, addresses, conditions, listeners, ...(isCounted && { attachedListenerSets }) };
}

function mergeListenerSet(plan: ListenerSetStatusPlan, current: CurrentStatus, { now }: MergeContext) {
  const { generation } = plan;
  const own = OWN_TYPES.listenerSet;
  const conditions = mergeConditions(conditionsOf(current), plan.conditions, { generation, now, own });
  return { ...current, conditions, listeners: mergeListeners(plan.listeners, current, generation, now) };
}

/** The entries are those of the plan: a listener has one controller, that of its Gateway. */
function mergeListeners(
  wanted: readonly DesiredListenerStatus[],
  current: CurrentStatus,
  generation: number,
  now: string,
): readonly ListenerStatus[] {
  const before = new Map(list<ListenerStatus>(current?.listeners).map((listener) => [listener.name, listener]));
  return wanted.map(({ conditions, ...listener }) => {
    const old = before.get(listener.name)?.conditions ?? [];
    return { ...listener, conditions: mergeConditions(old, conditions, { generation, now, own: OWN_TYPES.listener }) };
  });
}

function mergeRoute(plan: RouteStatusPlan, current: CurrentStatus, { controllerName, now }: MergeContext) {
  const renew = { generation: plan.generation, now, own: OWN_TYPES.parent };
  const before = list<RouteParentStatus>(current?.parents);
  const parents = mergeEntries(before, plan.parents, {
    controllerName,
    max: MAX_PARENTS,
    isSame: (entry, wanted) => sameRef(entry.parentRef, wanted.parentRef),
    entry: ({ parentRef, conditions }, old) => ({
      parentRef: old?.parentRef ?? parentRef,
      controllerName,
      conditions: mergeConditions(old?.conditions ?? [], conditions, renew),
    }),
  });
  return { ...current, parents };
}

function mergePolicy(plan: PolicyStatusPlan, current: CurrentStatus, { controllerName, now }: MergeContext) {
  const renew = { generation: plan.generation, now, own: OWN_TYPES.ancestor };
  const before = list<PolicyAncestorStatus>(current?.ancestors);
  const ancestors = mergeEntries(before, plan.ancestors, {
    controllerName,
    max: MAX_ANCESTORS,
    isSame: (entry, wanted) => sameRef(entry.ancestorRef, wanted.ancestorRef),
    entry: ({ ancestorRef, conditions }, old) => ({
      ancestorRef: old?.ancestorRef ?? ancestorRef,
      controllerName,
      conditions: mergeConditions(old?.conditions ?? [], conditions, renew),
    }),
  });
  return { ...current, ancestors };
}

interface EntryRules<Entry, Wanted> {
  readonly controllerName: string;
  readonly max: number;
  readonly isSame: (entry: Entry, wanted: Wanted) => boolean;
  readonly entry: (wanted: Wanted, old: Entry | undefined) => Entry;
}

/**
 * Everything stays in its place: two controllers that each put their own entries last would overwrite each other for ever.
 * Where others leave no room, ours are left out (Gateway API, `PolicyStatus.ancestors`).
 */
function mergeEntries<Entry extends { readonly controllerName: string }, Wanted>(
  before: readonly Entry[],
  wanted: readonly Wanted[],
  { controllerName, max, isSame, entry }: EntryRules<Entry, Wanted>,
): readonly Entry[] {
  const missing = [...wanted];
  const kept = before.flatMap((old) => {
    if (old.controllerName !== controllerName) return [old];
    const index = missing.findIndex((candidate) => isSame(old, candidate));
    return index < 0 ? [] : missing.splice(index, 1).map((found) => entry(found, old));
  });
  const added = missing.slice(0, Math.max(0, max - kept.length));
  return [...kept, ...added.map((found) => entry(found, undefined))];
}

export interface Renewal {
  /** The generation that was looked at. */
  readonly generation: number;
  readonly now: string;
  /** Types that go when they are not desired; none when absent. */
  readonly own?: readonly string[];
}

/** Keeps the order of the existing ones, so that an unchanged status stays equal, and lets others' have precedence in room. */
export function mergeConditions(
  before: readonly Condition[],
  desired: readonly DesiredCondition[],
  { generation, now, own = [] }: Renewal,
): readonly Condition[] {
  const renew = (condition: DesiredCondition, old: Condition | undefined): Condition => ({
    ...condition,
    message: limitMessage(condition.message),
    observedGeneration: generation,
    lastTransitionTime: old !== undefined && old.status === condition.status ? old.lastTransitionTime : now,
  });
  const kept = before.flatMap((old) => {
    const wanted = desired.find(({ type }) => type === old.type);
    if (wanted !== undefined) return [renew(wanted, old)];
    return own.includes(old.type) ? [] : [old];
  });
  const added = desired.filter(({ type }) => !before.some((old) => old.type === type));
  const room = Math.max(0, MAX_CONDITIONS - kept.length);
  return [...kept, ...added.slice(0, room).map((condition) => renew(condition, undefined))];
}

function limitMessage(message: string): string {
  return message.length <= MAX_MESSAGE_CHARACTERS
    ? message
    : `${message.slice(0, MAX_MESSAGE_CHARACTERS - 1).toWellFormed()}…`;
}

function conditionsOf(status: CurrentStatus): readonly Condition[] {
  return list<Condition>(status?.conditions);
}

function list<T>(value: unknown): readonly T[] {
  return Array.isArray(value) ? value : [];
}

/** Two references are told apart by these six (Gateway API, `ParentReference`); the API server writes the defaults out. */
function sameRef(a: ParentReference, b: ParentReference): boolean {
  const fields = ["group", "kind", "namespace", "name", "sectionName", "port"] as const;
  return fields.every((field) => withDefaults(a)[field] === withDefaults(b)[field]);
}

function withDefaults(ref: ParentReference): ParentReference {
  return { ...ref, group: ref.group ?? GATEWAY_GROUP, kind: ref.kind ?? "Gateway" };
}
