/**
 * Translates one snapshot after another, and does again only what a change touched: each rule's result is kept while the
 * objects it was made from are the same. What it gives is what a fresh translation would give, for the same snapshot (a
 * property test says so); unchanged parts of a plan are the same objects as before.
 *
 * It owns the order in which the rules apply and what each is given; the rules are in the folders beside it.
 */
import {
  type BackendTlsPolicy,
  type Gateway,
  type GatewayClass,
  type ListenerSet,
  namespaceOf,
  objectKey,
  type TcpRoute,
  type TlsRoute,
} from "../gateway-api/objects.ts";
import type { GatewayPlan, Plan, PolicyStatusPlan, RouteStatusPlan, StatusPlan } from "../model/plan.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { findGatewayAddresses, type GatewayAddresses } from "./addresses/gateway-addresses.ts";
import { requestedAddress } from "./addresses/requested.ts";
import { type RuleBackend, resolveBackends } from "./backends/resolve-all.ts";
import { ConfigBuilder } from "./config.ts";
import { type AttachedRoute, GatewayWork } from "./gateway-work.ts";
import { Derivation, type Update } from "./incremental/derivation.ts";
import { PlacesOfOthers } from "./incremental/places-of-others.ts";
import { sameElements, sameMap, sameValue, stableList } from "./incremental/same.ts";
import { type AssessedGateway, type AssessedListener, assessGateway } from "./listeners/assess.ts";
import { type Changes, Indexer, type Question } from "./lookups.ts";
import { divideGateways } from "./managed-gateways.ts";
import { type JudgedParameters, judgeParameters } from "./parameters/judge.ts";
import { parametersOfClass } from "./parameters/reference.ts";
import { gatewaysByPolicy } from "./policies/ancestors.ts";
import {
  attachAll,
  findParent,
  type Parent,
  parentGatewayKey,
  parentsOf,
  type RouteAttachments,
} from "./routes/parents.ts";
import { type AnyRoute, kindOf, parentRefsOf } from "./routes/route.ts";
import { findBackendLoops } from "./status/backend-loops.ts";
import { gatewayStatuses } from "./status/gateway.ts";
import { gatewayClassStatus } from "./status/gateway-class.ts";
import { gatewayParametersStatus, parametersUsers } from "./status/gateway-parameters.ts";
import { policyStatus } from "./status/policy.ts";
import { routeStatus } from "./status/route.ts";
import { type HostProblem, unresolvedHosts } from "./status/unresolved-hosts.ts";

/** Lookups of objects that are read only while something refers to them. */
export type ReferencedQuestion = Extract<Question, "secret" | "configMap">;

type GatewayStatuses = ReturnType<typeof gatewayStatuses>;

/** What is kept about one Gateway. */
interface GatewayState {
  readonly work: GatewayWork;
  readonly builder: ConfigBuilder;
  /** Of the last translation: those that say the same again are the same objects. */
  statuses: GatewayStatuses;
}

/** Which routes came of a Gateway's settling anew. */
interface Settled {
  /** By Gateway. */
  readonly gone: ReadonlyMap<string, ReadonlySet<AnyRoute>>;
  /** Of all Gateways. */
  readonly changed: ReadonlySet<AnyRoute>;
}

interface OurGateway {
  readonly assessed: AssessedGateway;
  readonly parents: readonly [string, Parent][];
}

export class Translator {
  readonly #indexer = new Indexer();
  readonly #assessed = new Derivation<Gateway, OurGateway>();
  readonly #parameters = new Derivation<Gateway, JudgedParameters>();
  readonly #addresses = new Derivation<Gateway, GatewayAddresses | undefined>();
  readonly #routePlaces = new PlacesOfOthers();
  readonly #attachments = new Derivation<AnyRoute, RouteAttachments>(this.#routePlaces);
  readonly #backends = new Derivation<AnyRoute, readonly RuleBackend[]>(this.#routePlaces);
  readonly #routeStatuses = new Derivation<AnyRoute, RouteStatusPlan | undefined>(this.#routePlaces);
  readonly #policyStatuses = new Derivation<BackendTlsPolicy, PolicyStatusPlan | undefined>();
  #gateways: readonly Gateway[] = [];
  #routeLists: readonly (readonly AnyRoute[])[] = [];
  #routes: readonly AnyRoute[] = [];
  #listenerSets: ReadonlyMap<string, readonly ListenerSet[]> = new Map();
  #parents: ReadonlyMap<string, Parent> = new Map();
  readonly #states = new Map<string, GatewayState>();
  readonly #ours = new Map<string, OurGateway>();
  /** The Gateways that each route is attached to, for it to leave them. */
  readonly #attachedTo = new Map<AnyRoute, readonly string[]>();
  #unresolved: ReadonlyMap<string, readonly HostProblem[]> = new Map();

  translate(snapshot: Snapshot): Plan {
    const changes = this.#indexer.take(snapshot);
    const ourClasses = snapshot.gatewayClasses.filter((c) => c.spec.controllerName === snapshot.controllerName);
    const classes: Classes = new Map(ourClasses.map((gatewayClass) => [gatewayClass.metadata.name, gatewayClass]));
    const { managed, released } = divideGateways(snapshot);
    this.#gateways = stableList(this.#gateways, managed);
    this.#takeRoutes([snapshot.tlsRoutes, snapshot.tcpRoutes, snapshot.httpRoutes]);
    this.#assess(snapshot, changes);
    this.#judgeParameters(snapshot, classes, ourClasses, changes);
    const attached = this.#attach(changes);
    const settled = this.#settle(attached);
    const changedBackends = this.#resolveBackends(changes);
    const changed = new Set([...settled.changed, ...changedBackends]);
    const addressesOf = this.#findAddresses(snapshot, changes);

    const gateways = new Map<string, GatewayPlan>();
    const statuses: StatusPlan[] = this.#classStatuses(snapshot, classes);
    for (const key of this.#ours.keys()) {
      const state = this.#states.get(key) as GatewayState;
      const { work, builder } = state;
      const parameters = this.#parameters.result(work.gateway);
      const deployment = snapshot.deployments.get(key);
      const known = parameters.ok ? parameters.settings : deployment?.publishedSettings;
      const settings = snapshot.provisions ? known : undefined;
      const gone = settled.gone.get(key) as ReadonlySet<AnyRoute>;
      const backendsOf = (route: AnyRoute) => this.#backends.result(route);
      const config = builder.build({
        work,
        settings,
        addresses: addressesOf(work.gateway)?.resource,
        backendsOf,
        changed,
        gone,
      });
      gateways.set(key, gatewayPlan(work, parameters, config));
      const judged = gatewayStatuses(work, parameters, config, deployment);
      state.statuses = judged.map((status, i) => {
        const old = state.statuses[i];
        return old !== undefined && sameValue(old, status) ? old : status;
      });
      statuses.push(...state.statuses);
    }
    this.#judgeRoutes(snapshot, changes, [...attached.made, ...changed]);
    this.#judgePolicies(snapshot, changes);
    for (const status of this.#routeStatuses.results) if (status !== undefined) statuses.push(status);
    for (const status of this.#policyStatuses.results) if (status !== undefined) statuses.push(status);
    return { gateways, statuses, released };
  }

  /** Keys of the objects that the last translation looked up, whether they exist or not; a key may occur more than once. */
  *lookedUp(question: ReferencedQuestion): Generator<string> {
    yield* this.#assessed.lookedUp(question);
    yield* this.#backends.lookedUp(question);
    yield* this.#policyStatuses.lookedUp(question);
  }

  /** Gateways, by `namespace/name`, whose configuration or status depends on this object. */
  *dependentGateways(question: ReferencedQuestion, key: string): Generator<string> {
    for (const gateway of this.#assessed.dependents(question, key)) yield objectKey(gateway);
    for (const route of this.#backends.dependents(question, key)) yield* this.#gatewaysOfRoute(route);
  }

  /** Keyed by `namespace/name`; empty for an unknown route. */
  #gatewaysOfRoute(route: AnyRoute): readonly string[] {
    return this.#attachedTo.get(route) ?? [];
  }

  #takeRoutes(lists: readonly (readonly AnyRoute[])[]): void {
    if (sameElements(this.#routeLists, lists)) return;
    this.#routeLists = lists;
    this.#routes = stableList(this.#routes, lists.flat());
  }

  #assess({ listenerSets }: Snapshot, changes: Changes): void {
    const before = this.#listenerSets;
    const groups = Map.groupBy(listenerSets, parentGatewayKey);
    this.#listenerSets = new Map([...groups].map(([key, sets]) => [key, stableList(before.get(key), sets)]));
    const setsOf = (gateway: Gateway) => this.#listenerSets.get(objectKey(gateway)) ?? NO_LISTENER_SETS;
    const gateways = this.#gateways;
    this.#assessed.update({
      subjects: gateways,
      context: [listenerSets],
      inputs: (gateway) => [setsOf(gateway)],
      compute: (lookups, gateway) => {
        return keepListeners(this.#ours.get(objectKey(gateway)), assessGateway(lookups, gateway, setsOf(gateway)));
      },
      lookups: this.#indexer.lookups,
      changes,
    });
    this.#ours.clear();
    for (const ours of this.#assessed.results) this.#ours.set(objectKey(ours.assessed.gateway), ours);
    const parents = this.#assessed.results.flatMap((ours) => ours.parents);
    if (!sameMap(this.#parents, parents)) this.#parents = new Map(parents);
  }

  #judgeParameters(
    { parametersPolicy }: Snapshot,
    classes: Classes,
    ourClasses: readonly GatewayClass[],
    changes: Changes,
  ): void {
    // Undefined only if the class does not exist: Gateways of another controller's class are not among these.
    const classOf = (gateway: Gateway) => classes.get(gateway.spec.gatewayClassName);
    this.#parameters.update({
      subjects: this.#gateways,
      context: [...ourClasses, parametersPolicy],
      inputs: (gateway): readonly [GatewayClass | undefined] => [classOf(gateway)],
      compute: (lookups, gateway, _place, [gatewayClass]) =>
        judgeParameters(lookups, gateway, gatewayClass, parametersPolicy),
      lookups: this.#indexer.lookups,
      changes,
    });
  }

  /** Of our classes, and of the parameters that they and our Gateways may use. */
  #classStatuses(snapshot: Snapshot, classes: Classes): StatusPlan[] {
    const { lookups } = this.#indexer;
    const { gatewayParameters, gatewayClasses, gateways, provisions } = snapshot;
    // Includes Gateways of every controller: several installations write this status, and must write the same one.
    const everyClass = new Map(gatewayClasses.map((gatewayClass) => [gatewayClass.metadata.name, gatewayClass]));
    const users = parametersUsers(gatewayParameters.length > 0 ? gateways : [], everyClass);
    return [
      ...[...classes.values()].map((c) => gatewayClassStatus(c, parametersOfClass(lookups, c), snapshot)),
      ...gatewayParameters.map((parameters) => gatewayParametersStatus(parameters, users, provisions)),
    ];
  }

  #attach(changes: Changes): Update<AnyRoute> {
    const parents = this.#parents;
    // A parent that is not ours, or not there, is not ours to judge.
    return this.#attachments.update({
      subjects: this.#routes,
      context: [parents],
      inputs: (route) => parentRefsOf(route).map((parentRef) => findParent(parents, route, parentRef)),
      compute: (lookups, route, _place, found) => attachAll(lookups, route, found),
      lookups: this.#indexer.lookups,
      changes,
    });
  }

  #settle({ made, gone }: Update<AnyRoute>): Settled {
    const left = new Map<string, AnyRoute[]>();
    const joined = new Map<string, AttachedRoute[]>();
    for (const route of new Set([...gone, ...made])) {
      for (const key of this.#gatewaysOfRoute(route)) addTo(left, key, route);
      this.#attachedTo.delete(route);
    }
    for (const route of made) {
      const { attached } = this.#attachments.result(route);
      if (attached.length === 0) continue;
      this.#attachedTo.set(
        route,
        attached.map(([key]) => key),
      );
      for (const [key, one] of attached) addTo(joined, key, one);
    }
    for (const key of this.#states.keys()) if (!this.#ours.has(key)) this.#states.delete(key);
    const changed = new Set<AnyRoute>();
    const goneFrom = new Map<string, ReadonlySet<AnyRoute>>();
    for (const [key, { assessed }] of this.#ours) {
      const state = this.#states.get(key) ?? newState(assessed);
      this.#states.set(key, state);
      state.work.assess(assessed);
      const resettled = state.work.update(left.get(key) ?? [], joined.get(key) ?? []);
      for (const route of resettled.changed) changed.add(route);
      goneFrom.set(key, resettled.gone);
    }
    return { changed, gone: goneFrom };
  }

  /** @returns the routes whose backends are others than before. */
  #resolveBackends(changes: Changes): ReadonlySet<AnyRoute> {
    return this.#backends.update({
      subjects: this.#routes,
      context: [],
      inputs: () => NO_INPUTS,
      compute: (lookups, route) => (isBacked(route) ? resolveBackends(lookups, route) : NO_BACKENDS),
      lookups: this.#indexer.lookups,
      changes,
    }).made;
  }

  /** Undefined without a cluster, because there is no Service. */
  #findAddresses({ provisions }: Snapshot, changes: Changes): (gateway: Gateway) => GatewayAddresses | undefined {
    this.#addresses.update({
      subjects: this.#gateways,
      context: [provisions],
      inputs: () => [provisions],
      compute: (lookups, gateway) => (provisions ? findGatewayAddresses(lookups, gateway) : undefined),
      lookups: this.#indexer.lookups,
      changes,
    });
    return (gateway) => this.#addresses.result(gateway);
  }

  #judgeRoutes({ controllerName, deployments }: Snapshot, changes: Changes, suspects: readonly AnyRoute[]): void {
    this.#unresolved = unresolvedHosts(deployments, this.#unresolved);
    const attachments = this.#attachments.results;
    const outcomesAt = (place: number) => (attachments[place] as RouteAttachments).outcomes;
    const backends = this.#backends.results;
    // Parents are Gateways of ours and their ListenerSets: each has its state.
    const settled = (route: AnyRoute, gateway: string) =>
      (this.#states.get(gateway) as GatewayState).work.settled(route);
    const unresolvedAt = (gateway: string) => this.#unresolved.get(gateway) ?? NO_HOSTS;
    const loopsAt = (gateway: string, place: number) => {
      const { assessed } = this.#ours.get(gateway) as OurGateway;
      const addresses = this.#addresses.result(assessed.gateway);
      return findBackendLoops(gateway, addresses, backends[place] as readonly RuleBackend[]);
    };
    this.#routeStatuses.update({
      subjects: this.#routes,
      context: [this.#unresolved, this.#addresses.results, controllerName],
      suspects,
      inputs: (route, place) => {
        const inputs: unknown[] = [controllerName, backends[place], attachments[place]];
        for (const { gateway } of outcomesAt(place)) {
          const loops = loopsAt(gateway, place);
          inputs.push(
            settled(route, gateway),
            unresolvedAt(gateway),
            loops.size === 0 ? "" : JSON.stringify([...loops]),
          );
        }
        return inputs;
      },
      compute: (_lookups, route, place) => {
        const outcomes = outcomesAt(place).map(({ parentRef, gateway, result, unreachable }) => {
          const [unresolved, loops] = [unresolvedAt(gateway), loopsAt(gateway, place)];
          return { parentRef, result, unreachable, settlement: settled(route, gateway), unresolved, loops };
        });
        return routeStatus(controllerName, route, outcomes, backends[place] as readonly RuleBackend[]);
      },
      lookups: this.#indexer.lookups,
      changes,
    });
  }

  #judgePolicies({ controllerName, backendTlsPolicies }: Snapshot, changes: Changes): void {
    // In the Gateways' order, whichever came first: the states are in the order in which they came.
    const works = [...this.#ours.keys()].map((key) => (this.#states.get(key) as GatewayState).work);
    const isNeeded = backendTlsPolicies.length > 0;
    const gatewaysOf = gatewaysByPolicy(isNeeded ? works : [], (route) => this.#backends.result(route));
    this.#policyStatuses.update({
      subjects: backendTlsPolicies,
      context: [gatewaysOf],
      inputs: (policy) => [controllerName, ...gatewaysOf(policy)],
      compute: (lookups, policy) => policyStatus(lookups, controllerName, policy, gatewaysOf(policy)),
      lookups: this.#indexer.lookups,
      changes,
    });
  }
}

/** Those that name our controller, by name. */
type Classes = ReadonlyMap<string, GatewayClass>;

const NO_INPUTS: readonly unknown[] = [];
const NO_BACKENDS: readonly RuleBackend[] = [];
const NO_LISTENER_SETS: readonly ListenerSet[] = [];
const NO_HOSTS: readonly HostProblem[] = [];

function gatewayPlan(work: GatewayWork, parameters: JudgedParameters, config: GatewayPlan["config"]): GatewayPlan {
  const { metadata, spec } = work.gateway;
  const address = requestedAddress(work.gateway);
  return {
    namespace: namespaceOf(work.gateway),
    name: metadata.name,
    uid: metadata.uid ?? "",
    gatewayClassName: spec.gatewayClassName,
    labels: spec.infrastructure?.labels ?? {},
    annotations: spec.infrastructure?.annotations ?? {},
    ports: work.ports(),
    ...(parameters.ok && { parameters: parameters.spec }),
    ...(address !== undefined && { address }),
    config,
  };
}

function isBacked(route: AnyRoute): route is TlsRoute | TcpRoute {
  return kindOf(route) !== "HTTPRoute";
}

function newState(assessed: AssessedGateway): GatewayState {
  return { work: new GatewayWork(assessed), builder: new ConfigBuilder(), statuses: [] };
}

/**
 * Listeners, and the parents that have them, that say what they said before are the same objects: so the routes of one
 * ListenerSet are not attached again because another was added.
 */
function keepListeners(before: OurGateway | undefined, assessed: AssessedGateway): OurGateway {
  const known = new Map(before?.assessed.listeners.map((listener) => [listener.name, listener]));
  const listeners = assessed.listeners.map((listener) => {
    const old = known.get(listener.name);
    return old !== undefined && saysTheSame(old, listener) ? old : listener;
  });
  const kept = { ...assessed, listeners };
  const parentsBefore = new Map(before?.parents);
  const parents = parentsOf(kept).map(([key, parent]): [string, Parent] => {
    const old = parentsBefore.get(key);
    const isSame =
      old?.owner === parent.owner &&
      sameElements(old.listeners, parent.listeners) &&
      sameElements(old.narrower, parent.narrower);
    return [key, old !== undefined && isSame ? old : parent];
  });
  return { assessed: kept, parents };
}

function saysTheSame(a: AssessedListener, b: AssessedListener): boolean {
  const { owner, listener, ...said } = a;
  const { owner: _, listener: __, ...saidNow } = b;
  return owner === b.owner && listener === b.listener && sameValue(said, saidNow);
}

function addTo<T>(lists: Map<string, T[]>, key: string, element: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [element]);
  else list.push(element);
}
