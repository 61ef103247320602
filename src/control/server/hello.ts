/**
 * Reads what a proxy says first: who it is and what it holds. It decides nothing but whether the words make sense.
 */
import { Code, ConnectError } from "@connectrpc/connect";
import type { ResourceKey } from "../../model/proxy-config.ts";
import type { HeldConfig } from "../delta.ts";
import type { SubscribeRequest } from "../generated/control_pb.ts";
import { PROTOCOL_VERSION } from "../protocol.ts";
import { decodeHeld } from "../wire/requests.ts";
import type { Reservation } from "./memory-budget.ts";

export interface ProxyHello {
  /** What the proxy calls itself; the token decides. */
  readonly statedProxyId: string;
  readonly held: HeldConfig;
}

/** 100,000 routes, each with a backend and endpoints of its own, fit; some 100 MiB while the proxy says them. */
const MAX_HELD_RESOURCES = 400_000;

/** Memory of a key and a version beside their characters, in bytes. */
const ENTRY_BYTES = 150;

/**
 * Reads Hello and its Held messages, and nothing after. Throws ConnectError when they are malformed, or when there is no memory for them
 * in `memory`.
 */
export async function readHello(requests: AsyncIterator<SubscribeRequest>, memory: Reservation): Promise<ProxyHello> {
  const { message } = await next(requests);
  if (message.case !== "hello") throw new ConnectError("the first message must be Hello", Code.InvalidArgument);
  const { proxyId, protocolVersion, revision, heldCount } = message.value;
  if (protocolVersion !== PROTOCOL_VERSION) {
    const problem = `the proxy speaks protocol version ${protocolVersion}, the operator ${PROTOCOL_VERSION}`;
    throw new ConnectError(problem, Code.FailedPrecondition);
  }
  if (heldCount > MAX_HELD_RESOURCES) throw new ConnectError("too many held resources", Code.InvalidArgument);
  return { statedProxyId: proxyId, held: { revision, versions: await readHeld(requests, heldCount, memory) } };
}

async function readHeld(
  requests: AsyncIterator<SubscribeRequest>,
  count: number,
  memory: Reservation,
): Promise<Map<ResourceKey, string>> {
  const versions = new Map<ResourceKey, string>();
  let listed = 0;
  while (listed < count) {
    const { message } = await next(requests);
    if (message.case !== "held") throw new ConnectError("Held messages must follow Hello", Code.InvalidArgument);
    const held = decodeHeld(message.value);
    if (!held.ok) throw new ConnectError(held.problem, Code.InvalidArgument);
    const { resources } = held.value;
    listed += resources.length;
    if (resources.length === 0 || listed > count) {
      throw new ConnectError(`Held lists ${listed} resources, Hello announced ${count}`, Code.InvalidArgument);
    }
    const bytes = resources.reduce((sum, { key, version }) => sum + key.length + version.length + ENTRY_BYTES, 0);
    if (!memory.resize(memory.bytes + bytes)) throw outOfMemory();
    for (const { key, version } of resources) versions.set(key, version);
  }
  return versions;
}

/** Proxies retry with backoff. */
export function outOfMemory(): ConnectError {
  return new ConnectError("proxies report more than the operator holds in memory; try again later", Code.Unavailable);
}

async function next(requests: AsyncIterator<SubscribeRequest>): Promise<SubscribeRequest> {
  const result = await requests.next();
  if (result.done === true) throw new ConnectError("the stream ended before Hello was complete", Code.InvalidArgument);
  return result.value;
}
