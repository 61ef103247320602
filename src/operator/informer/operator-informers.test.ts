/** Tests which objects the operator requests from its start, before anything refers to a Secret or to a ConfigMap. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { systemClock } from "../../loop/clock.ts";
import { SILENT } from "../../loop/silent-log.ts";
import { ALL_NAMESPACES } from "../../model/namespace-scope.ts";
import { ApiError } from "../kube/api-error.ts";
import type { InstalledBundle } from "../kube/bundle.ts";
import type { KubeClient, ListOptions, WatchOptions } from "../kube/client.ts";
import type { Discovery } from "../kube/discovery.ts";
import type { ResourceType } from "../kube/resource.ts";
import { createOperatorInformers, type OperatorInformersOptions } from "./operator-informers.ts";

type Selection = Pick<ListOptions, "namespace" | "labelSelector" | "fieldSelector">;

/** Started informers of a cluster without objects, and what they request of Secrets and ConfigMaps. */
async function setUp(t: TestContext, options: Partial<OperatorInformersOptions> = {}) {
  const requests: string[] = [];
  const record = ({ plural }: ResourceType, { namespace = "*", labelSelector, fieldSelector }: Selection = {}) => {
    const selector = labelSelector ?? fieldSelector ?? "everything";
    if (plural === "secrets" || plural === "configmaps") requests.push(`${plural} ${namespace} ${selector}`);
  };
  const client = {
    request: async () => {
      throw new ApiError({ type: "NotFound" }, "GET: 404");
    },
    list: async (type: ResourceType, list: ListOptions) => {
      record(type, list);
      return { metadata: { resourceVersion: "1" }, items: [] };
    },
    async *watch(type: ResourceType, watch: WatchOptions) {
      record(type, watch);
      if (watch.resourceVersion === undefined) {
        yield { type: "BOOKMARK", resourceVersion: "1", endsInitialEvents: true };
      }
      await systemClock.sleep(60_000, watch.signal);
    },
  } as unknown as KubeClient;
  const common = { client, clock: systemClock, random: () => 0.5, log: SILENT };
  const discovery = { resolve: async () => undefined, invalidate: () => undefined } as unknown as Discovery;
  const bundle = { refresh: async () => undefined } as unknown as InstalledBundle;
  const informers = createOperatorInformers({ ...common, discovery, bundle, ...options });
  informers.start();
  t.after(() => informers.stop());
  await informers.whenAllSynced;
  return { informers, requests };
}
const OWN = "app=fsm-gateway";

test("nothing but the operator's own ConfigMaps is requested, and the informers are synced", {
  timeout: 20_000,
}, async (t) => {
  const { informers, requests } = await setUp(t);
  assert.deepEqual([...new Set(requests)], [`configmaps * ${OWN}`]);
  requests.length = 0;
  // They are requested as soon as an object refers to them.
  informers.of.secrets.demand(new Set([ALL_NAMESPACES]));
  informers.of.authorities.demand(new Set(["team"]));
  while (informers.of.secrets.isPending || informers.of.authorities.isPending) await systemClock.sleep(1);
  assert.deepEqual([...new Set(requests)].toSorted(), [
    "configmaps team everything",
    "secrets * type=kubernetes.io/tls",
  ]);
});

test("with named namespaces the operator's own ConfigMaps of others are not requested either", {
  timeout: 20_000,
}, async (t) => {
  const { requests } = await setUp(t, { certificateNamespaces: new Set(["a", "b"]) });
  assert.deepEqual([...new Set(requests)].toSorted(), [`configmaps a ${OWN}`, `configmaps b ${OWN}`]);
});
