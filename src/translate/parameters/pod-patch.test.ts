import assert from "node:assert/strict";
import { test } from "node:test";
import { findPatchProblem } from "./pod-patch.ts";

const inProxy = (container: object) => ({ spec: { containers: [{ name: "proxy", ...container }] } });

const GOOD: readonly object[] = [
  {},
  { metadata: { labels: { tier: "edge", old: null }, annotations: { a: "b" } } },
  { spec: { hostNetwork: true, schedulerName: "other", hostAliases: [{ ip: "192.0.2.1", hostnames: ["a"] }] } },
  { spec: { containers: [{ name: "sidecar", image: "any", args: ["x"], env: [{ name: "POD_NAME", value: "x" }] }] } },
  { spec: { containers: [{ name: "injected", $patch: "delete" }] } },
  { spec: { volumes: [{ name: "more", emptyDir: {} }], securityContext: { $patch: "replace", runAsNonRoot: true } } },
  { spec: { tolerations: [{ key: "a" }], affinity: null } },
  inProxy({
    env: [
      { name: "GREETING", value: "x" },
      { name: "OLD", $patch: "delete" },
    ],
    volumeMounts: [{ name: "more", mountPath: "/more" }],
    ports: [{ containerPort: 9999 }],
    lifecycle: { preStop: { sleep: { seconds: 5 } } },
  }),
];

for (const patch of GOOD) {
  test(`accepted: ${JSON.stringify(patch)}`, () => assert.equal(findPatchProblem(patch), undefined));
}

const BAD: readonly (readonly [patch: unknown, problem: RegExp])[] = [
  [null, /^spec\.pod\.patch is null, which would replace fields that the operator sets\. Write only/],
  [{ status: {} }, /^spec\.pod\.patch\.status is not supported\. Use metadata or spec\.$/],
  [{ $patch: "replace", spec: {} }, /^spec\.pod\.patch\.\$patch is "replace", which is not supported here/],
  [{ metadata: { name: "x" } }, /^spec\.pod\.patch\.metadata\.name is not supported\. Use labels or annotations\.$/],
  [
    { metadata: { labels: { app: "x" } } },
    /^spec\.pod\.patch\.metadata\.labels\.app cannot be changed by a patch\. Pods are/,
  ],
  [{ metadata: { labels: { "gateway.networking.k8s.io/gateway-name": null } } }, /gateway-name cannot be changed/],
  [{ metadata: { labels: null } }, /^spec\.pod\.patch\.metadata\.labels is null/],
  [{ metadata: { labels: { $patch: "replace" } } }, /labels\.\$patch is "replace"/],
  [{ spec: null }, /^spec\.pod\.patch\.spec is null/],
  [{ spec: "x" }, /^spec\.pod\.patch\.spec is "x"/],
  [
    { spec: { serviceAccountName: "admin" } },
    /spec\.serviceAccountName cannot be changed by a patch\. The operator authenticates/,
  ],
  [{ spec: { serviceAccount: "admin" } }, /spec\.serviceAccount cannot be changed/],
  [{ spec: { automountServiceAccountToken: true } }, /automountServiceAccountToken cannot be changed/],
  [{ spec: { terminationGracePeriodSeconds: 5 } }, /Set spec\.pod\.drainSeconds instead\.$/],
  [{ spec: { containers: null } }, /spec\.containers is null/],
  [
    { spec: { containers: [{ image: "x" }] } },
    /^spec\.pod\.patch\.spec\.containers\[0\] has no name, by which the list is merged/,
  ],
  [{ spec: { containers: ["proxy"] } }, /containers\[0\] has no name/],
  [{ spec: { containers: [{ name: "a" }, { $patch: "replace" }] } }, /containers\[1\] has no name/],
  [{ spec: { containers: [{ name: "proxy", $patch: "delete" }] } }, /containers\[proxy\]\.\$patch is "delete"/],
  [{ spec: { containers: [{ name: "proxy", $patch: "replace" }] } }, /containers\[proxy\]\.\$patch is "replace"/],
  [{ spec: { affinity: { $patch: "delete" } } }, /affinity\.\$patch is "delete"/],
  [{ spec: { "$setElementOrder/containers": [] } }, /\$setElementOrder\/containers is not supported\. Use \$patch/],
  [{ spec: { tolerations: [{ $retainKeys: [] }] } }, /tolerations\[0\]\.\$retainKeys is not supported/],
  [
    { spec: { volumes: [{ name: "ca", hostPath: { path: "/" } }] } },
    /^spec\.pod\.patch\.spec\.volumes\[ca\] is set by the operator/,
  ],
  [{ spec: { volumes: [{ name: "token", $patch: "delete" }] } }, /volumes\[token\] is set by the operator/],
  [{ spec: { volumes: null } }, /volumes is null/],
  [
    inProxy({ image: "x" }),
    /containers\[proxy\]\.image cannot be changed by a patch\. Set spec\.pod\.image instead\.$/,
  ],
  [inProxy({ command: ["sh"] }), /containers\[proxy\]\.command cannot/],
  [inProxy({ args: null }), /containers\[proxy\]\.args cannot/],
  [inProxy({ env: [{ name: "POD_NAME", value: "x" }] }), /env\[POD_NAME\] is set by the operator/],
  [inProxy({ env: null }), /env is null/],
  [inProxy({ ports: {} }), /ports is \{\}, which would replace/],
  [{ metadata: { labels: [] } }, /labels is \[\], which would replace/],
  [
    inProxy({ volumeMounts: [{ name: "x", mountPath: "/etc/fsm-gateway/ca" }] }),
    /volumeMounts\[\/etc\/fsm-gateway\/ca\] is set/,
  ],
  [inProxy({ ports: [{ containerPort: 19001, $patch: "delete" }] }), /ports\[19001\] is set by the operator/],
];

for (const [patch, problem] of BAD) {
  test(`rejected: ${JSON.stringify(patch)}`, () => assert.match(findPatchProblem(patch) ?? "", problem));
}
