/**
 * A fake of the API server, for tests without a cluster: it knows Pepr's store and nothing else, which Pepr must have before it
 * answers reviews. That the real one does the same is asserted in test/api.
 */
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface FakeStoreApi {
  /** Path of a kubeconfig that leads here. */
  readonly kubeconfig: string;
  /** Every request gets a 500 until Pepr has tried to create its store, the last thing it does before it gives up. */
  breakUntilCreated(): void;
  close(): Promise<void>;
}

const STORE = {
  apiVersion: "pepr.dev/v1",
  kind: "PeprStore",
  metadata: { name: "store", namespace: "pepr-system", uid: "u", resourceVersion: "1" },
  data: { __pepr_do_not_delete__: "k-thx-bye" },
};

export async function fakeStoreApi(): Promise<FakeStoreApi> {
  const state = { broken: false };
  const server = createServer((request, response) => {
    answer(new URL(request.url ?? "/", "http://fake"), response, state);
    if (request.method === "PATCH") state.broken = false;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const folder = await mkdtemp(join(tmpdir(), "fsm-gateway-test-"));
  const kubeconfig = join(folder, "kubeconfig");
  await writeFile(kubeconfig, kubeconfigOf((server.address() as AddressInfo).port));
  return {
    kubeconfig,
    breakUntilCreated: () => {
      state.broken = true;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function answer({ pathname, searchParams }: URL, response: ServerResponse, state: { readonly broken: boolean }): void {
  const isStore = pathname.startsWith("/apis/pepr.dev/v1/namespaces/pepr-system/peprstores");
  response.writeHead(state.broken ? 500 : isStore ? 200 : 404, { "content-type": "application/json" });
  if (state.broken || !isStore) response.end(JSON.stringify({ kind: "Status", status: "Failure" }));
  else if (searchParams.has("watch")) response.flushHeaders();
  else if (pathname.endsWith("/peprstores")) {
    response.end(JSON.stringify({ kind: "PeprStoreList", metadata: { resourceVersion: "1" }, items: [STORE] }));
  } else response.end(JSON.stringify(STORE));
}

function kubeconfigOf(port: number): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "fake", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
    users: [{ name: "fake", user: {} }],
    contexts: [{ name: "fake", context: { cluster: "fake", user: "fake" } }],
    "current-context": "fake",
  });
}
