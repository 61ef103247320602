/**
 * How a test makes a proxy end a connection by one reason: a gateway on loopback, real peers, and whatever they must do.
 */
import type { TestContext } from "node:test";
import type { ConnectionReason } from "../../../src/model/connection-reason.ts";
import type { ListenerResource, Resource } from "../../../src/model/proxy-config.ts";
import type { ClientTraffic, SettingsResource } from "../../../src/model/traffic.ts";
import type { ProxyOptions } from "../../../src/proxy/proxy.ts";
import { listener, route, service } from "../config.ts";
import { startGateway, type TestGateway } from "../gateway.ts";
import { helloFor } from "../hello-bytes.ts";
import { type Backend, connectTo, freePorts, readAll, readSome, startEcho } from "../sockets.ts";

/** Starts a gateway of the engine that the test is for and produces the reason at least once. */
export interface Producer {
  readonly produce: (t: TestContext) => Promise<TestGateway>;
  /** Why it cannot be produced on this machine. */
  readonly skip?: string | false;
}

/** Some of the reasons, each with its producer. Together they must be all: see every-reason.test.ts. */
export type Producers<Reason extends ConnectionReason> = Readonly<Record<Reason, Producer>>;

export const HELLO = helloFor("a.example");

export interface Scene {
  readonly options?: Partial<ProxyOptions>;
  readonly settings?: Omit<SettingsResource, "kind" | "name">;
  readonly client?: ClientTraffic;
  /** Instead of an echo. */
  readonly server?: Backend;
  /** Instead of a route for every name to one Service, and that Service. */
  readonly resources?: readonly Resource[];
  /** Instead of a listener `l` that passes through every name. */
  readonly taker?: (port: number) => ListenerResource;
}

export async function stage(t: TestContext, scene: Scene = {}): Promise<TestGateway & { readonly port: number }> {
  const { client, options, settings, taker = (port: number) => listener("l", port) } = scene;
  const server = scene.server ?? (await startEcho());
  t.after(() => server.close());
  const gateway = startGateway(t, options);
  const [port = 0] = await freePorts(1);
  await gateway.set(
    ...(settings === undefined ? [] : [{ kind: "settings", name: "proxy", ...settings } as const]),
    { ...taker(port), ...(client && { client }) },
    ...(scene.resources ?? [route("r", "l", ["*"], { s: 1 }), ...service("s", server.address)]),
  );
  return { ...gateway, port };
}

/** A connection that is relayed: an echo has answered. */
export async function established(t: TestContext, port: number) {
  const client = await connectTo(port);
  t.after(() => client.destroy());
  client.write(HELLO);
  await readSome(client, HELLO.length);
  return client;
}

/** Sends this and waits until the gateway has ended the connection, in order or not. */
export async function turnedAway(t: TestContext, port: number, bytes: Uint8Array = HELLO): Promise<void> {
  const client = await connectTo(port);
  t.after(() => client.destroy());
  client.write(bytes);
  await readAll(client).catch(() => {});
  client.end();
}
