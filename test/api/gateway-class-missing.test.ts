/**
 * A GatewayClass that disappears, at a real API server with its garbage collector: what runs keeps running with its last configuration,
 * also after a restart of the operator, and is deleted only when the class belongs to another controller.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Recorder } from "../../src/control/testing/stage.ts";
import type { Condition } from "../../src/gateway-api/objects.ts";
import { CONTROLLER_NAME } from "../../src/model/identity.ts";
import { waitFor } from "../support/wait-for.ts";
import { freePorts } from "../wire/sockets.ts";
import { startLeader, startProxy } from "./leader-fixture.ts";
import { gateway, gatewayClass, namespace, passthrough, tlsRoute } from "./manifests.ts";
import { type Fixture, startWithGatewayApi } from "./operator-fixture.ts";

let api: Fixture;
before(async () => {
  api = await startWithGatewayApi();
  await api.installGatewayParameters();
});
after(() => api?.stop());

const classOf = (controllerName: string) =>
  gatewayClass({
    controllerName,
    parametersRef: "{ group: gateway.fsm.dev, kind: GatewayParameters, name: of-the-class, namespace: team }",
  });
const PARAMETERS = `
---
apiVersion: gateway.fsm.dev/v1alpha1
kind: GatewayParameters
metadata: { name: of-the-class, namespace: team }
spec: { replicas: 3, logging: { level: debug } }
`;

/** Names and uids of what runs for the Gateway, with the generation of its Deployment: its status changes by itself. */
async function running(): Promise<string[]> {
  const kinds = "serviceaccounts,configmaps,networkpolicies,services,deployments,poddisruptionbudgets";
  const { stdout } = await api.kubectl(["-n", "team", "get", kinds, "-l", "app=fsm-gateway", "-o", "json"]);
  const { items } = JSON.parse(stdout) as { items: { kind: string; metadata: { uid: string; generation?: number } }[] };
  return items.map(({ kind, metadata: { uid, generation } }) => `${kind} ${uid} ${generation ?? ""}`).sort();
}

async function conditionOf(kind: string, name: string, path: string): Promise<Condition | undefined> {
  const { stdout } = await api.kubectl(["-n", "team", "get", kind, name, "-o", `jsonpath={${path}}`]);
  return stdout === "" ? undefined : (JSON.parse(stdout) as Condition);
}
const accepted = () => conditionOf("gateway", "g", '.status.conditions[?(@.type=="Accepted")]');
const routeAccepted = () => conditionOf("tlsroute", "r", '.status.parents[0].conditions[?(@.type=="Accepted")]');

/** Applies and deletions that were sent, whatever came of them. */
const sentBy = (log: Recorder) =>
  log.lines
    .filter(({ message, fields }) => message === "write" && fields.verb !== "status")
    .map(({ fields }) => `${fields.verb} ${fields.kind} ${fields.outcome}`);

test("a GatewayClass that disappears deletes nothing, and its Gateways' proxies get their configuration", async (t) => {
  const [operatorLog, proxyLog] = [new Recorder(), new Recorder()];
  const [port = 0] = await freePorts(1);
  await api.applyYaml(namespace("team") + PARAMETERS + classOf(CONTROLLER_NAME));
  await api.applyYaml(gateway({ listeners: [passthrough(port)] }) + tlsRoute("a.example"));
  const client = await api.operatorClient();
  const first = await startLeader(t, { client, log: operatorLog });
  const proxy = await startProxy(t, api, first, proxyLog);
  await waitFor("the first configuration", () => proxy.dataPlane.ready);
  const before = await waitFor("everything runs", async () => {
    const names = await running();
    return names.length === 6 ? names : undefined;
  });
  assert.equal((await accepted())?.status, "True");

  const mark = operatorLog.lines.length;
  const since = new Recorder();
  const deleted = await api.kubectl(["delete", "gatewayclass", "fsm"]);
  assert.equal(deleted.code, 0, deleted.stderr);
  const unknown = await waitFor("the Gateway reports it", async () => {
    const condition = await accepted();
    return condition?.status === "Unknown" ? condition : undefined;
  });
  assert.equal(unknown.reason, "GatewayClassNotFound");
  assert.match(unknown.message, /GatewayClass fsm does not exist/);
  assert.equal((await routeAccepted())?.status, "True", "the route is still attached");
  await api.applyYaml(tlsRoute("b.example"));
  const isServed = (log: Recorder, revision: unknown) =>
    log.lines.some(({ message, fields }) => message === "configuration applied" && fields.revision === revision);
  const published = await waitFor("a change of a route is published", () =>
    operatorLog.lines.slice(mark).findLast(({ message, level }) => message === "published" && level === "info"),
  );
  const revision = (published.fields.revisions as Record<string, string>)["team/g"];
  await waitFor("the proxy serves it", () => isServed(proxyLog, revision));
  since.lines.push(...operatorLog.lines.slice(mark));
  assert.deepEqual(sentBy(since), [], "nothing is applied or deleted");
  assert.deepEqual(await running(), before);

  await t.test("after a restart of the operator, also for a proxy that restarts", async (t) => {
    // Together: the next one takes the same port.
    await Promise.all([first.stop(), proxy.stop()]);
    const log = new Recorder();
    const second = await startLeader(t, { client, log });
    const restarted = await startProxy(t, api, second, new Recorder());
    await waitFor("the restarted proxy has its configuration", () => restarted.dataPlane.ready);
    await waitFor("the new leader has written", () => log.lines.some(({ message }) => message === "written"));
    await sleep(2_000);
    assert.deepEqual(sentBy(log), [], "nothing is applied or deleted");
    assert.deepEqual(await running(), before);
    assert.deepEqual(await accepted(), unknown, "lastTransitionTime too");

    const again = log.lines.length;
    await api.applyYaml(classOf(CONTROLLER_NAME));
    await waitFor("the Gateway is accepted again", async () => (await accepted())?.status === "True");
    assert.deepEqual(await running(), before, "the class's parameters are the same");
    const events = await api.kubectl(["-n", "team", "get", "events", "-o", "jsonpath={.items[*].reason}"]);
    assert.match(events.stdout, /GatewayClassNotFound/);
    assert.ok(!sentBy({ lines: log.lines.slice(again) } as Recorder).some((write) => write.startsWith("delete")));

    await api.kubectl(["delete", "gatewayclass", "fsm"]);
    await api.applyYaml(classOf("test.example/another"));
    await waitFor("the objects are deleted for the other controller", async () => (await running()).length === 0);
    assert.equal((await api.kubectl(["-n", "team", "get", "gateway", "g"])).code, 0);
  });
});
