/**
 * Version and channel of the installed Gateway API bundle, as its CRDs say in their annotations. It reads the CRDs'
 * metadata only: the schemas are several hundred kilobytes.
 */
import { isDeepStrictEqual } from "node:util";
import { GATEWAY_GROUP, GATEWAY_X_GROUP, type KubernetesObject } from "../../gateway-api/objects.ts";
import type { Logger } from "../../model/log.ts";
import { isApiError } from "./api-error.ts";
import type { CallOptions, KubeClient } from "./client.ts";
import { CUSTOM_RESOURCE_DEFINITIONS, objectPath } from "./resource.ts";

const VERSION_ANNOTATION = `${GATEWAY_GROUP}/bundle-version`;
const CHANNEL_ANNOTATION = `${GATEWAY_GROUP}/channel`;
const METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/** The CRD whose annotations speak for the bundle comes first; the others show whether the bundle is mixed. */
const CRDS = [
  `gatewayclasses.${GATEWAY_GROUP}`,
  `gateways.${GATEWAY_GROUP}`,
  `listenersets.${GATEWAY_GROUP}`,
  `tlsroutes.${GATEWAY_GROUP}`,
  `tcproutes.${GATEWAY_GROUP}`,
  `httproutes.${GATEWAY_GROUP}`,
  `backendtlspolicies.${GATEWAY_GROUP}`,
  `referencegrants.${GATEWAY_GROUP}`,
  `xbackends.${GATEWAY_X_GROUP}`,
];

export interface GatewayApiBundle {
  /** As `v1.6.3`; absent when the CRD of GatewayClass has no such annotation or is not installed. */
  readonly version?: string;
  /** `standard` or `experimental`. */
  readonly channel?: string;
  /** CRDs of ours come from different bundles or channels. */
  readonly mixed: boolean;
}

/** The bundle as last read; read anew whenever Gateway API kinds are looked for. */
export class InstalledBundle {
  readonly #client: KubeClient;
  readonly #log: Logger;
  readonly #onChange: () => void;
  #current: GatewayApiBundle | undefined;

  constructor(options: { readonly client: KubeClient; readonly log: Logger; readonly onChange: () => void }) {
    this.#client = options.client;
    this.#log = options.log;
    this.#onChange = options.onChange;
  }

  /** Undefined while it could not be read. */
  get current(): GatewayApiBundle | undefined {
    return this.#current;
  }

  /** Never rejects: nothing but a condition's wording depends on the bundle, so a failure keeps what was known. */
  async refresh(): Promise<void> {
    try {
      const next = await readBundle(this.#client);
      const changed = !isDeepStrictEqual(next, this.#current);
      this.#current = next;
      if (changed) this.#onChange();
    } catch (error) {
      this.#log.debug("the Gateway API bundle version could not be read", { error });
    }
  }
}

/** @throws ApiError, `Forbidden` when the operator may not read CRDs. */
export async function readBundle(client: KubeClient, options: CallOptions = {}): Promise<GatewayApiBundle> {
  const found = await Promise.all(CRDS.map((name) => readAnnotations(client, name, options)));
  const installed = found.filter((annotations) => annotations !== undefined);
  const main = found[0] ?? {};
  const version = main[VERSION_ANNOTATION];
  const channel = main[CHANNEL_ANNOTATION];
  return {
    ...(version === undefined ? {} : { version }),
    ...(channel === undefined ? {} : { channel }),
    mixed: [VERSION_ANNOTATION, CHANNEL_ANNOTATION].some((name) => new Set(installed.map((a) => a[name])).size > 1),
  };
}

async function readAnnotations(client: KubeClient, name: string, options: CallOptions) {
  const path = objectPath(CUSTOM_RESOURCE_DEFINITIONS, { name });
  try {
    const crd = await client.request<KubernetesObject>({ ...options, method: "GET", path, accept: METADATA_ONLY });
    return crd.metadata.annotations ?? {};
  } catch (error) {
    if (isApiError(error, "NotFound")) return undefined;
    throw error;
  }
}
