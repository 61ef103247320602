/** The keeper's store in a cluster: one Secret in the operator's namespace and one ValidatingWebhookConfiguration. */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { OPERATOR_NAME } from "../../model/identity.ts";
import { isApiError } from "../kube/api-error.ts";
import type { KubeClient } from "../kube/client.ts";
import { apiVersionOf, type ResourceType, SECRETS } from "../kube/resource.ts";
import type { CertificateStore, StoredSecret } from "./keeper.ts";
import type { SecretData } from "./secret-data.ts";

const WEBHOOK_CONFIGURATIONS: ResourceType = {
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingWebhookConfiguration",
  plural: "validatingwebhookconfigurations",
  namespaced: false,
};

interface Secret extends KubernetesObject {
  readonly data?: SecretData;
}

interface WebhookConfiguration extends KubernetesObject {
  readonly webhooks?: readonly { readonly name: string; readonly clientConfig: { readonly caBundle?: string } }[];
}

/** The Secret with the certificates of an installation. */
export function getCertificatesSecretName(installation: string): string {
  return `${installation}-certificates`;
}

/** `installation` is also the name of the webhook configuration and the field manager. */
export function kubeCertificateStore(
  client: KubeClient,
  namespace: string,
  installation = OPERATOR_NAME,
): CertificateStore {
  const reference = { namespace, name: getCertificatesSecretName(installation) };
  return {
    read: async () => storedSecret(await orAbsent(client.get<Secret>(SECRETS, reference))),
    write: async (data, resourceVersion) => {
      const metadata = { ...reference, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
      const secret = { apiVersion: apiVersionOf(SECRETS), kind: SECRETS.kind, metadata, type: "Opaque", data };
      const options = { fieldManager: installation };
      try {
        await (resourceVersion === undefined
          ? client.create(SECRETS, secret, options)
          : client.put(SECRETS, secret, options));
        return "written";
      } catch (error) {
        if (isApiError(error, "AlreadyExists", "Conflict", "NotFound")) return "conflict";
        throw error;
      }
    },
    publishTrust: (caBundle) => publishTrust(client, installation, Buffer.from(caBundle).toString("base64")),
  };
}

async function publishTrust(
  client: KubeClient,
  name: string,
  caBundle: string,
): Promise<"written" | "unchanged" | "absent"> {
  const reference = { name };
  const found = await orAbsent(client.get<WebhookConfiguration>(WEBHOOK_CONFIGURATIONS, reference));
  if (found === undefined) return "absent";
  const patch = (found.webhooks ?? []).flatMap(({ name, clientConfig }, index) =>
    clientConfig.caBundle === caBundle
      ? []
      : [
          // The place of a webhook may have changed since it was read: a failed test refuses the whole patch (RFC 6902).
          { op: "test", path: `/webhooks/${index}/name`, value: name },
          { op: "add", path: `/webhooks/${index}/clientConfig/caBundle`, value: caBundle },
        ],
  );
  if (patch.length === 0) return "unchanged";
  await client.patch(WEBHOOK_CONFIGURATIONS, reference, patch, {
    patchType: "application/json-patch+json",
    fieldManager: name,
  });
  return "written";
}

function storedSecret(secret: Secret | undefined): StoredSecret | undefined {
  if (secret === undefined) return undefined;
  return { resourceVersion: secret.metadata.resourceVersion ?? "", data: secret.data ?? {} };
}

async function orAbsent<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isApiError(error, "NotFound")) return undefined;
    throw error;
  }
}
