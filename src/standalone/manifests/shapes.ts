/**
 * The shape of each kind that may stand in a file, checked before the translator sees it: there is no API server here to
 * refuse a port that is a string. Gateway API kinds are strict, so that a misspelt field is found; of Kubernetes' own kinds
 * we read a part and pass over the rest.
 */
import { z } from "zod";
import type {
  EndpointSlice,
  Gateway,
  GatewayClass,
  Namespace,
  ReferenceGrant,
  Service,
  TlsRoute,
} from "../../gateway-api/objects.ts";

const port = z.int().min(1).max(65535);
const labels = z.record(z.string(), z.string());

const metadata = z.looseObject({
  name: z.string().min(1),
  namespace: z.string().min(1).optional(),
  labels: labels.optional(),
  annotations: labels.optional(),
  generation: z.int().optional(),
  creationTimestamp: z.string().optional(),
});

const routeKind = z.strictObject({ group: z.string().optional(), kind: z.string() });

const labelSelector = z.strictObject({
  matchLabels: labels.optional(),
  matchExpressions: z
    .array(z.strictObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }))
    .optional(),
});

const parametersRef = z.strictObject({
  group: z.string(),
  kind: z.string(),
  name: z.string(),
  namespace: z.string().optional(),
});

const listener = z.strictObject({
  name: z.string().min(1),
  port,
  protocol: z.string(),
  hostname: z.string().optional(),
  tls: z
    .strictObject({
      mode: z.enum(["Passthrough", "Terminate"]).optional(),
      certificateRefs: z.array(z.looseObject({ name: z.string() })).optional(),
      options: labels.optional(),
    })
    .optional(),
  allowedRoutes: z
    .strictObject({
      namespaces: z
        .strictObject({
          from: z.enum(["All", "Same", "Selector", "None"]).optional(),
          selector: labelSelector.optional(),
        })
        .optional(),
      kinds: z.array(routeKind).optional(),
    })
    .optional(),
});

const gateway = z.strictObject({
  gatewayClassName: z.string(),
  listeners: z.array(listener).min(1).max(64),
  addresses: z.array(z.strictObject({ type: z.string().optional(), value: z.string().optional() })).optional(),
  infrastructure: z
    .strictObject({
      labels: labels.optional(),
      annotations: labels.optional(),
      parametersRef: parametersRef.optional(),
    })
    .optional(),
});

const tlsRoute = z.strictObject({
  parentRefs: z
    .array(
      z.strictObject({
        group: z.string().optional(),
        kind: z.string().optional(),
        namespace: z.string().optional(),
        name: z.string().min(1),
        sectionName: z.string().optional(),
        port: port.optional(),
      }),
    )
    .max(32)
    .optional(),
  hostnames: z.array(z.string().min(1)).max(1024).optional(),
  rules: z
    .array(
      z.strictObject({
        name: z.string().optional(),
        backendRefs: z
          .array(
            z.strictObject({
              group: z.string().optional(),
              kind: z.string().optional(),
              name: z.string().min(1),
              namespace: z.string().optional(),
              port: port.optional(),
              weight: z.int().min(0).max(1_000_000).optional(),
            }),
          )
          .max(16)
          .optional(),
      }),
    )
    .max(16)
    .optional(),
});

const referenceGrant = z.strictObject({
  from: z.array(z.strictObject({ group: z.string(), kind: z.string(), namespace: z.string() })).min(1),
  to: z.array(z.strictObject({ group: z.string(), kind: z.string(), name: z.string().optional() })).min(1),
});

const service = z.looseObject({
  type: z.string().optional(),
  externalName: z.string().optional(),
  ports: z.array(z.looseObject({ name: z.string().optional(), port, protocol: z.string().optional() })).optional(),
});

const endpointSlice = {
  addressType: z.enum(["IPv4", "IPv6", "FQDN"]),
  endpoints: z
    .array(
      z.looseObject({
        addresses: z.array(z.string()).min(1),
        conditions: z
          .looseObject({
            ready: z.boolean().optional(),
            serving: z.boolean().optional(),
            terminating: z.boolean().optional(),
          })
          .optional(),
      }),
    )
    .nullish(),
  ports: z
    .array(z.looseObject({ name: z.string().optional(), port: port.optional(), protocol: z.string().optional() }))
    .nullish(),
};

const head = { apiVersion: z.string(), kind: z.string(), metadata };
/** `status` may stand in a file that came from `kubectl get -o yaml`; it is not read. */
const withSpec = <S extends z.ZodType>(spec: S) => z.strictObject({ ...head, spec, status: z.unknown().optional() });

export interface Kinds {
  readonly GatewayClass: GatewayClass;
  readonly Gateway: Gateway;
  readonly TLSRoute: TlsRoute;
  readonly ReferenceGrant: ReferenceGrant;
  readonly Namespace: Namespace;
  readonly Service: Service;
  readonly EndpointSlice: EndpointSlice;
}

export type Kind = keyof Kinds;

interface KindShape {
  readonly apiVersions: readonly string[];
  readonly namespaced: boolean;
  readonly shape: z.ZodType;
}

const GROUP = "gateway.networking.k8s.io";

export const KIND_SHAPES: Readonly<Record<Kind, KindShape>> = {
  GatewayClass: {
    apiVersions: [`${GROUP}/v1`],
    namespaced: false,
    shape: withSpec(
      z.strictObject({
        controllerName: z.string(),
        description: z.string().optional(),
        parametersRef: parametersRef.optional(),
      }),
    ),
  },
  Gateway: { apiVersions: [`${GROUP}/v1`], namespaced: true, shape: withSpec(gateway) },
  TLSRoute: {
    apiVersions: [`${GROUP}/v1`, `${GROUP}/v1alpha3`, `${GROUP}/v1alpha2`],
    namespaced: true,
    shape: withSpec(tlsRoute),
  },
  ReferenceGrant: {
    apiVersions: [`${GROUP}/v1`, `${GROUP}/v1beta1`],
    namespaced: true,
    shape: withSpec(referenceGrant),
  },
  Namespace: { apiVersions: ["v1"], namespaced: false, shape: z.looseObject(head) },
  Service: { apiVersions: ["v1"], namespaced: true, shape: z.looseObject({ ...head, spec: service }) },
  EndpointSlice: {
    apiVersions: ["discovery.k8s.io/v1"],
    namespaced: true,
    shape: z.looseObject({ ...head, ...endpointSlice }),
  },
};
