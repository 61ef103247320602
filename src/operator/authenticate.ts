/**
 * Who a proxy is: its ServiceAccount token, reviewed by the API server, names the namespace, the ServiceAccount and the Pod.
 * A proxy may see the Gateway whose ServiceAccount it runs as, and no other.
 */

import type { Authenticate } from "../control/server/authentication.ts";
import { type Gateway, type KubernetesObject, objectKey } from "../gateway-api/objects.ts";
import { childName } from "../infra/names.ts";
import { STREAM_TOKEN_AUDIENCE } from "../model/identity.ts";
import type { KubeClient } from "./kube/client.ts";
import type { ResourceType } from "./kube/resource.ts";

const TOKEN_REVIEWS: ResourceType = {
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenReview",
  plural: "tokenreviews",
  namespaced: false,
};

/** authentication.k8s.io/v1 TokenReview, as far as it is read. */
interface TokenReview extends KubernetesObject {
  readonly status?: {
    readonly authenticated?: boolean;
    readonly error?: string;
    readonly audiences?: readonly string[];
    readonly user?: { readonly username?: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
  };
}

const SERVICE_ACCOUNT = /^system:serviceaccount:(?<namespace>[^:]+):(?<name>[^:]+)$/;
const POD_NAME = "authentication.kubernetes.io/pod-name";

export function tokenAuthentication(
  client: Pick<KubeClient, "create">,
  gateways: () => readonly Gateway[],
): Authenticate {
  return async (token) => {
    const review = await client.create<TokenReview>(TOKEN_REVIEWS, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      metadata: { name: "" },
      spec: { token, audiences: [STREAM_TOKEN_AUDIENCE] },
    } as KubernetesObject);
    const { authenticated, audiences, user, error } = review.status ?? {};
    if (authenticated !== true || !audiences?.includes(STREAM_TOKEN_AUDIENCE)) {
      return { ok: false, reason: `the token is not valid for ${STREAM_TOKEN_AUDIENCE}${error ? `: ${error}` : ""}` };
    }
    const { namespace, name } = SERVICE_ACCOUNT.exec(user?.username ?? "")?.groups ?? {};
    const proxyId = user?.extra?.[POD_NAME]?.[0];
    const gateway = gateways().find((g) => g.metadata.namespace === namespace && childName(g.metadata.name) === name);
    if (gateway === undefined || proxyId === undefined) {
      return { ok: false, reason: `${user?.username} is not the ServiceAccount of a Gateway's proxy` };
    }
    return { ok: true, gateway: objectKey(gateway), proxyId };
  };
}
