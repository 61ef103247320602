/**
 * Is everything as it must be? Every replica ready and one leading, every condition true for its object's generation, every proxy
 * counted in `Programmed`; and a change that is made now serves, on each proxy and through the address.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { TlsRoute } from "../../src/gateway-api/objects.ts";
import { CONTROLLER_NAME } from "../../src/model/identity.ts";
import { waitFor } from "../support/cluster.ts";
import { GATEWAY_CLASSES, GATEWAYS, TLS_ROUTES } from "../support/resource-types.ts";
import { ask, isLeading, operators, ourProxies } from "./look.ts";
import { GATEWAY, HOSTS, NAMESPACE, PORT, PROXIES, type World } from "./world.ts";

const OPERATORS = 2;
/** Longer than the goal: what misses it is measured, not only told. */
const PATIENCE_MS = 90_000;

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly observedGeneration?: number;
  readonly message: string;
}

interface StatusObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly generation: number };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly listeners?: readonly { readonly name: string; readonly conditions: readonly Condition[] }[];
    readonly parents?: readonly { readonly controllerName: string; readonly conditions: readonly Condition[] }[];
  };
}

/** Good when they are there and true; any other condition of theirs may be what it likes. */
const WANTED = new Set(["Accepted", "Programmed", "ResolvedRefs"]);

/** Resolves with how long it took, ms. @throws with what is still missing when patience is over. */
export async function converged(world: World): Promise<number> {
  const startedMs = performance.now();
  await waitFor("one of two ready operators leads", () => operatorsWell(world), PATIENCE_MS);
  const backend = await waitFor("the change is taken", () => changeFresh(world), PATIENCE_MS);
  await waitFor(`every proxy answers ${backend}`, () => isServed(world, backend), PATIENCE_MS);
  await waitFor("every status is true", () => statusesTrue(world), PATIENCE_MS);
  return Math.round(performance.now() - startedMs);
}

async function operatorsWell(world: World): Promise<boolean> {
  const pods = await operators(world);
  if (pods.filter(({ ready }) => ready).length !== OPERATORS) throw new Error(JSON.stringify(pods));
  const leading = await Promise.all(pods.map(isLeading));
  return leading.filter(Boolean).length === 1;
}

/** Sends the fresh route to the other backend, and gives back its name. */
export async function changeFresh({ client }: World): Promise<string> {
  const reference = { namespace: NAMESPACE, name: "fresh" };
  const [path, patchType] = ["/spec/rules/0/backendRefs/0/name", "application/json-patch+json"] as const;
  const { spec } = await client.get<TlsRoute>(TLS_ROUTES, reference);
  const value = spec.rules?.[0]?.backendRefs?.[0]?.name === "a" ? "b" : "a";
  await client.patch(TLS_ROUTES, reference, [{ op: "replace", path, value }], { patchType });
  return value;
}

/** Asked a few times a second: a handshake is work. */
const ASK_EVERY_MS = 200;

/** Asked directly: through the address one proxy would hide another. @throws with the answers that are not right. */
export async function isServed(world: World, backend: string): Promise<boolean> {
  await sleep(ASK_EVERY_MS);
  const proxies = (await ourProxies(world)).filter(({ ready }) => ready);
  if (proxies.length !== PROXIES) throw new Error(`${proxies.length} proxies are ready`);
  const addresses = [world.address, ...proxies.map(({ address }) => address)];
  const answers = await Promise.all(addresses.map((address) => ask(world, address, PORT, HOSTS.fresh)));
  if (answers.every((answer) => answer === backend)) return true;
  throw new Error(`answers: ${answers.join(", ")}`);
}

/** @throws an error that names what is not true. */
export async function statusesTrue({ client }: World): Promise<boolean> {
  const kinds = [
    client.list(GATEWAY_CLASSES),
    ...[GATEWAYS, TLS_ROUTES].map((type) => client.list(type, { namespace: NAMESPACE })),
  ];
  const items: readonly unknown[] = (await Promise.all(kinds)).flatMap((list) => list.items);
  const untrue = (items as readonly StatusObject[]).flatMap(untrueOf);
  if (untrue.length > 0) throw new Error(untrue.join("; "));
  return true;
}

function untrueOf(object: StatusObject): readonly string[] {
  const { kind, metadata, status } = object;
  const parents = (status?.parents ?? []).filter(({ controllerName }) => controllerName === CONTROLLER_NAME);
  const places = [status?.conditions ?? [], ...(status?.listeners ?? parents).map(({ conditions }) => conditions)];
  const conditions = places.flat().filter(({ type }) => WANTED.has(type));
  const wrong = conditions.filter((one) => one.status !== "True" || one.observedGeneration !== metadata.generation);
  const served = conditions.find(({ type, message }) => type === "Programmed" && message.startsWith("Served by"));
  const isCounted =
    kind !== "Gateway" || metadata.name !== GATEWAY || served?.message === `Served by ${PROXIES} proxies`;
  const name = `${kind} ${metadata.name}`;
  return [
    ...(conditions.length === 0 ? [`${name} has no condition`] : []),
    ...wrong.map(({ type, status: is, message }) => `${name} ${type}=${is}: ${message}`),
    ...(isCounted ? [] : [`${name}: ${served?.message}`]),
  ];
}
