/**
 * A cluster's objects at one moment, read once and only read, as the snapshot that the operator would see: Secrets and ConfigMaps that
 * the operator does not read, or has no right to, are not in it. What runs is not asked: the stream between operator and proxies is
 * theirs alone. Gateway API kinds that the cluster does not serve are absent.
 */
import type { KubernetesObject } from "../../gateway-api/objects.ts";
import { systemClock } from "../../loop/clock.ts";
import { CONTROLLER_NAME } from "../../model/identity.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import { isApiError } from "../kube/api-error.ts";
import type { KubeClient, Selection } from "../kube/client.ts";
import { Discovery, type GroupKind } from "../kube/discovery.ts";
import {
  apiVersionOf,
  CONFIG_MAPS,
  DEPLOYMENTS,
  ENDPOINT_SLICES,
  GATEWAY_API_KINDS,
  GATEWAY_PARAMETERS,
  NAMESPACES,
  type ResourceType,
  SECRETS,
  SERVICES,
} from "../kube/resource.ts";
import { findUnreadableScopes, type ReadScope, restrictSnapshot, type ServiceAccountName } from "./operator-rights.ts";

/** Objects a page; a Secret or ConfigMap may have 1 MiB. */
const PAGE = 100;

export interface Cluster {
  readonly snapshot: Snapshot;
  /** Arguments of the operator's container; undefined when its Deployment does not exist or may not be read. */
  readonly operatorArguments: readonly string[] | undefined;
  /** False: the operator's rights could not be reviewed, and the snapshot has what this client may read. */
  readonly areRightsKnown: boolean;
}

/**
 * Reads the cluster of the client, and closes the client. `readScope`: parses the operator's arguments.
 * @throws ApiError when something may not be read: an answer from less would be wrong.
 */
export async function readCluster(
  client: KubeClient,
  controllerName: string,
  readScope: (operatorArguments: readonly string[]) => ReadScope,
): Promise<Cluster> {
  try {
    const snapshot = await read(client);
    const operator = await findOperator(client, controllerName);
    if (operator === undefined) return { snapshot, operatorArguments: undefined, areRightsKnown: false };
    const scope = readScope(operator.args);
    const unreadable = await findUnreadableScopes(client, operator.account, scope);
    return {
      snapshot: restrictSnapshot(snapshot, scope, unreadable),
      operatorArguments: operator.args,
      areRightsKnown: unreadable !== undefined,
    };
  } finally {
    client.close();
  }
}

async function read(client: KubeClient): Promise<Snapshot> {
  const discovery = new Discovery(client, systemClock);
  const absentKinds = new Set<string>();
  const gatewayApi = async <T extends KubernetesObject>(wanted: GroupKind): Promise<readonly T[]> => {
    const type = await discovery.resolve(wanted);
    if (type !== undefined) return listAll<T>(client, type);
    absentKinds.add(wanted.kind);
    return [];
  };
  const kinds = GATEWAY_API_KINDS;
  return {
    controllerName: CONTROLLER_NAME,
    gatewayClasses: await gatewayApi(kinds.gatewayClasses),
    gatewayParameters: await gatewayApi(GATEWAY_PARAMETERS),
    gateways: await gatewayApi(kinds.gateways),
    listenerSets: await gatewayApi(kinds.listenerSets),
    tlsRoutes: await gatewayApi(kinds.tlsRoutes),
    tcpRoutes: await gatewayApi(kinds.tcpRoutes),
    httpRoutes: await gatewayApi(kinds.httpRoutes),
    backendTlsPolicies: await gatewayApi(kinds.backendTlsPolicies),
    xBackends: await gatewayApi(kinds.xBackends),
    referenceGrants: await gatewayApi(kinds.referenceGrants),
    namespaces: await listAll(client, NAMESPACES),
    secrets: await listAll(client, SECRETS, { fieldSelector: "type=kubernetes.io/tls" }),
    configMaps: await authorities(client),
    services: await listAll(client, SERVICES),
    endpointSlices: await listAll(client, ENDPOINT_SLICES),
    deployments: new Map(),
    provisions: true,
    absentKinds,
  };
}

interface OperatorDeployment extends KubernetesObject {
  readonly spec: {
    readonly template: {
      readonly spec: {
        readonly serviceAccountName?: string;
        readonly containers: readonly { readonly args?: readonly string[] }[];
      };
    };
  };
}

interface Operator {
  readonly args: readonly string[];
  readonly account: ServiceAccountName;
}

/** Finds the operator with this controller name: several may be installed. */
async function findOperator(client: KubeClient, controllerName: string): Promise<Operator | undefined> {
  try {
    // The chart sets this label for every installation name. Proxies may have it too.
    const labelSelector = "app.kubernetes.io/name=fsm-gateway";
    const deployments = await listAll<OperatorDeployment>(client, DEPLOYMENTS, { labelSelector });
    const candidates = deployments.flatMap(({ metadata: { namespace = "" }, spec }) => {
      const { containers, serviceAccountName = "default" } = spec.template.spec;
      return containers.map(({ args = [] }) => ({ args, account: { namespace, name: serviceAccountName } }));
    });
    return candidates.find(({ args }) => args[0] === "operator" && controllerNameOf(args) === controllerName);
  } catch (error) {
    if (isApiError(error, "NotFound", "Forbidden")) return undefined;
    throw error;
  }
}

const CONTROLLER_NAME_OPTION = "--controller-name=";

function controllerNameOf(args: readonly string[]): string {
  const option = args.find((arg) => arg.startsWith(CONTROLLER_NAME_OPTION));
  return option?.slice(CONTROLLER_NAME_OPTION.length) ?? CONTROLLER_NAME;
}

async function authorities(client: KubeClient): Promise<Snapshot["configMaps"]> {
  const all = await listAll<Snapshot["configMaps"][number]>(client, CONFIG_MAPS);
  return all.filter(({ data }) => data?.["ca.crt"] !== undefined);
}

/** Items of a list come without kind and version. */
async function listAll<T extends KubernetesObject>(
  client: KubeClient,
  type: ResourceType,
  selection: Selection = {},
): Promise<readonly T[]> {
  const apiVersion = apiVersionOf(type);
  const items: T[] = [];
  let from: string | undefined;
  do {
    const page = await client.list<T>(type, {
      ...selection,
      limit: PAGE,
      ...(from !== undefined && { continue: from }),
    });
    items.push(...page.items.map((item) => ({ ...item, apiVersion, kind: type.kind })));
    from = page.metadata.continue || undefined;
  } while (from !== undefined);
  return items;
}
