/**
 * For tests: an API server of one collection that fails at will, over real HTTP on loopback. It is a fake because a real API
 * server cannot be told to expire a version, to cut a watch or to answer 429 at a given moment.
 */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { KubeClient, type ObjectList } from "../kube/client.ts";
import type { ResourceType } from "../kube/resource.ts";

export const WIDGETS: ResourceType = {
  group: "test.example",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  namespaced: true,
};

export interface Fault {
  readonly status: number;
  readonly retryAfterSeconds?: number;
}

export class FaultServer {
  /** Answers for the next requests, before the ordinary ones; `hang` gives none. */
  readonly nextList: (Fault | "hang")[] = [];
  readonly nextWatch: (Fault | "hang")[] = [];
  /** Query strings of the watches asked for. */
  readonly watchQueries: URLSearchParams[] = [];
  readonly listQueries: URLSearchParams[] = [];
  /** Query strings of the streaming lists that were requested. */
  readonly streamQueries: URLSearchParams[] = [];
  /** False: streaming lists are rejected, as by API servers before Kubernetes 1.32. */
  streamsLists = false;
  /** False: a streaming list never receives the bookmark that ends its initial events. */
  endsInitialEvents = true;
  readonly client: KubeClient;
  readonly #server: Server;
  readonly #watches = new Set<ServerResponse>();
  readonly #objects = new Map<string, KubernetesObject>();
  #resourceVersion = 1;

  private constructor(server: Server, port: number) {
    this.#server = server.on("request", (request, response) => {
      this.#answer(new URL(request.url ?? "/", "http://fake").searchParams, response);
    });
    const config = new KubeConfig();
    const cluster = { name: "fake", server: `http://127.0.0.1:${port}`, skipTLSVerify: true };
    config.loadFromClusterAndUser(cluster, { name: "nobody" });
    this.client = new KubeClient(config);
  }

  static async start(): Promise<FaultServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new FaultServer(server, (server.address() as AddressInfo).port);
  }

  get openWatches(): number {
    return this.#watches.size;
  }

  /** Creates or changes an object and tells the watches, unless `silently`. */
  put(name: string, options: { silently?: boolean } = {}): void {
    const type = this.#objects.has(name) ? "MODIFIED" : "ADDED";
    const metadata = { name, namespace: "ns", uid: `uid-${name}`, resourceVersion: String(++this.#resourceVersion) };
    const object = { apiVersion: "test.example/v1", kind: "Widget", metadata };
    this.#objects.set(name, object);
    if (options.silently !== true) this.#send({ type, object });
  }

  remove(name: string, options: { silently?: boolean } = {}): void {
    const object = this.#objects.get(name);
    if (object === undefined) throw new Error(`no ${name}`);
    this.#objects.delete(name);
    const metadata = { ...object.metadata, resourceVersion: String(++this.#resourceVersion) };
    if (options.silently !== true) this.#send({ type: "DELETED", object: { ...object, metadata } });
  }

  bookmark(): void {
    const metadata = { name: "", resourceVersion: String(++this.#resourceVersion) };
    this.#send({ type: "BOOKMARK", object: { apiVersion: "test.example/v1", kind: "Widget", metadata } });
  }

  /** Ends the initial events of every streaming list. */
  endInitialEvents(): void {
    this.#send(this.#initialEventsEnd());
  }

  /** An ERROR event in the stream, after which the server ends it. */
  expireWatches(): void {
    this.#send({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old" } });
    this.endWatches();
  }

  endWatches(): void {
    for (const watch of this.#watches) watch.end();
  }

  cutWatches(): void {
    for (const watch of this.#watches) watch.socket?.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.client.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(query: URLSearchParams, response: ServerResponse): void {
    const watching = query.has("watch");
    const streaming = query.get("sendInitialEvents") === "true";
    (streaming ? this.streamQueries : watching ? this.watchQueries : this.listQueries).push(query);
    const rejection: Fault | undefined = streaming && !this.streamsLists ? { status: 422 } : undefined;
    const fault = rejection ?? (watching ? this.nextWatch : this.nextList).shift();
    if (fault === "hang") return;
    if (fault !== undefined) refuse(response, fault);
    else if (watching) this.#watch(response, streaming);
    else response.end(JSON.stringify(this.#page(Number(query.get("limit")), Number(query.get("continue") ?? 0))));
  }

  #page(limit: number, from: number): ObjectList<KubernetesObject> {
    const all = [...this.#objects.values()];
    const end = from + limit;
    const rest = end < all.length ? String(end) : "";
    return {
      metadata: { resourceVersion: String(this.#resourceVersion), continue: rest },
      items: all.slice(from, end),
    };
  }

  #watch(response: ServerResponse, streaming: boolean): void {
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    if (streaming) this.#sendInitialEvents(response);
    this.#watches.add(response);
    response.on("close", () => this.#watches.delete(response));
  }

  #sendInitialEvents(response: ServerResponse): void {
    for (const object of this.#objects.values()) response.write(`${JSON.stringify({ type: "ADDED", object })}\n`);
    if (this.endsInitialEvents) response.write(`${JSON.stringify(this.#initialEventsEnd())}\n`);
  }

  #initialEventsEnd() {
    const annotations = { "k8s.io/initial-events-end": "true" };
    const metadata = { name: "", resourceVersion: String(this.#resourceVersion), annotations };
    return { type: "BOOKMARK", object: { apiVersion: "test.example/v1", kind: "Widget", metadata } };
  }

  #send(event: unknown): void {
    for (const watch of this.#watches) watch.write(`${JSON.stringify(event)}\n`);
  }
}

function refuse(response: ServerResponse, fault: Fault): void {
  const headers = fault.retryAfterSeconds === undefined ? {} : { "retry-after": String(fault.retryAfterSeconds) };
  response.writeHead(fault.status, headers).end(JSON.stringify({ kind: "Status", code: fault.status, message: "no" }));
}
