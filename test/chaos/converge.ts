/**
 * Is everything as it must be? Every replica ready and one leading, every condition true for its object's generation, every proxy
 * counted in `Programmed`; and a change that is made now serves, on each proxy and through the address.
 */
import { operatorPods } from "../e2e/operator.ts";
import { waitFor } from "../support/cluster.ts";
import { ask, isLeading, ourProxies } from "./look.ts";
import { GATEWAY, HOSTS, PORT, PROXIES, type World } from "./world.ts";

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

async function operatorsWell({ cluster }: World): Promise<boolean> {
  const pods = (await operatorPods(cluster)).filter(({ isEnding }) => !isEnding);
  if (pods.filter(({ ready }) => ready).length !== OPERATORS) throw new Error(JSON.stringify(pods));
  const leading = await Promise.all(pods.map(isLeading));
  return leading.filter(Boolean).length === 1;
}

/** Sends the fresh route to the other backend, and gives back its name. */
export async function changeFresh({ kubectl }: World): Promise<string> {
  const path = "/spec/rules/0/backendRefs/0/name";
  const now = await kubectl("get", "tlsroute", "fresh", "-o", "jsonpath={.spec.rules[0].backendRefs[0].name}");
  const value = now === "a" ? "b" : "a";
  await kubectl("patch", "tlsroute", "fresh", "--type=json", "-p", JSON.stringify([{ op: "replace", path, value }]));
  return value;
}

/** Asked directly: through the address one proxy would hide another. @throws with the answers that are not right. */
export async function isServed(world: World, backend: string): Promise<boolean> {
  const proxies = (await ourProxies(world)).filter(({ ready }) => ready);
  if (proxies.length !== PROXIES) throw new Error(`${proxies.length} proxies are ready`);
  const addresses = [world.address, ...proxies.map(({ address }) => address)];
  const answers = await Promise.all(addresses.map((address) => ask(world, address, PORT, HOSTS.fresh)));
  if (answers.every((answer) => answer === backend)) return true;
  throw new Error(`answers: ${answers.join(", ")}`);
}

/** @throws an error that names what is not true. */
export async function statusesTrue({ kubectl }: World): Promise<boolean> {
  const { items } = JSON.parse(await kubectl("get", "gatewayclasses,gateways,tlsroutes", "-o", "json"));
  const untrue = (items as readonly StatusObject[]).flatMap(untrueOf);
  if (untrue.length > 0) throw new Error(untrue.join("; "));
  return true;
}

function untrueOf(object: StatusObject): readonly string[] {
  const { kind, metadata, status } = object;
  const parents = (status?.parents ?? []).filter(
    ({ controllerName }) => controllerName === "gateway.fsm.dev/controller",
  );
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
