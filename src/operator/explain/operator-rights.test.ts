import assert from "node:assert/strict";
import { test } from "node:test";
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { EMPTY_SNAPSHOT } from "../../translate/testing/world.ts";
import { ApiError } from "../kube/api-error.ts";
import type { KubeClient } from "../kube/client.ts";
import { findUnreadableScopes, restrictSnapshot } from "./operator-rights.ts";

const ACCOUNT = { namespace: "gateways", name: "operator" };

/** A client whose API server allows what `isAllowed` allows, by `verb resource namespace`. */
function reviewer(isAllowed: (right: string) => boolean) {
  const users = new Set<string>();
  const rights: string[] = [];
  const create = async (_: unknown, object: KubernetesObject) => {
    const { user, resourceAttributes } = (object as unknown as Review).spec;
    const { verb, resource, namespace } = resourceAttributes;
    users.add(user);
    rights.push(`${verb} ${resource} ${namespace}`);
    return { ...object, status: { allowed: isAllowed(`${verb} ${resource} ${namespace}`) } };
  };
  return { client: { create } as unknown as Pick<KubeClient, "create">, users, rights };
}

interface Review {
  readonly spec: {
    readonly user: string;
    readonly resourceAttributes: { readonly verb: string; readonly resource: string; readonly namespace: string };
  };
}

test("each named namespace is reviewed separately, and both verbs are needed", async () => {
  const { client, users } = reviewer((right) => right !== "watch secrets a" && !right.startsWith("list configmaps"));
  const scope = { terminate: true, namespaces: new Set(["a", "b"]) };
  const unreadable = await findUnreadableScopes(client, ACCOUNT, scope);
  assert.deepEqual(unreadable, { Secret: new Set(["a"]), ConfigMap: new Set(["a", "b"]) });
  assert.deepEqual([...users], ["system:serviceaccount:gateways:operator"]);
});

test("an operator that reads no Secrets needs no right to them", async () => {
  const { client, rights } = reviewer(() => false);
  const unreadable = await findUnreadableScopes(client, ACCOUNT, { terminate: false, namespaces: undefined });
  assert.deepEqual(unreadable, { Secret: new Set(), ConfigMap: new Set([""]) });
  assert.deepEqual(rights, ["list configmaps ", "watch configmaps "]);
});

test("rights that may not be reviewed are unknown; other failures are thrown", async () => {
  const scope = { terminate: true, namespaces: undefined };
  const failing = (error: Error) => ({ create: () => Promise.reject(error) }) as unknown as Pick<KubeClient, "create">;
  assert.equal(
    await findUnreadableScopes(failing(new ApiError({ type: "Forbidden" }, "POST: 403")), ACCOUNT, scope),
    undefined,
  );
  await assert.rejects(findUnreadableScopes(failing(new ApiError({ type: "Timeout" }, "POST")), ACCOUNT, scope));
});

test("the snapshot has the objects that the operator reads only", () => {
  const object = (kind: string, namespace: string) => ({ apiVersion: "v1", kind, metadata: { name: "x", namespace } });
  const snapshot = {
    ...EMPTY_SNAPSHOT,
    secrets: ["a", "b"].map((namespace) => object("Secret", namespace)),
    configMaps: ["a", "b"].map((namespace) => object("ConfigMap", namespace)),
  };
  const everywhere = { terminate: true, namespaces: undefined };
  assert.deepEqual(restrictSnapshot(snapshot, everywhere, undefined), snapshot, "unknown rights restrict nothing");
  const unreadable = { Secret: new Set(["a"]), ConfigMap: new Set([""]) };
  const restricted = restrictSnapshot(snapshot, { terminate: true, namespaces: new Set(["a", "b"]) }, unreadable);
  assert.deepEqual(
    restricted.secrets.map(({ metadata }) => metadata.namespace),
    ["b"],
  );
  assert.deepEqual([restricted.configMaps, restricted.unreadable], [[], unreadable]);
  assert.deepEqual(restricted.certificateNamespaces, new Set(["a", "b"]));
  const without = restrictSnapshot(snapshot, { terminate: false, namespaces: undefined }, undefined);
  assert.deepEqual([without.secrets, without.absentKinds], [[], new Set(["Secret"])]);
});
