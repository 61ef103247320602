/** Gateways, their classes, and the ListenerSets that add listeners to them. */
import { z } from "zod";
import { labels, objectReference, parametersRef, port } from "./parts.ts";

export const gatewayClass = z.strictObject({
  controllerName: z.string(),
  description: z.string().optional(),
  parametersRef: parametersRef.optional(),
});

const labelSelector = z.strictObject({
  matchLabels: labels.optional(),
  matchExpressions: z
    .array(z.strictObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }))
    .optional(),
});

const namespaces = z.strictObject({
  from: z.enum(["All", "Same", "Selector", "None"]).optional(),
  selector: labelSelector.optional(),
});

const listeners = z
  .array(
    z.strictObject({
      name: z.string().min(1),
      port,
      protocol: z.string(),
      hostname: z.string().optional(),
      tls: z
        .strictObject({
          mode: z.enum(["Passthrough", "Terminate"]).optional(),
          certificateRefs: z.array(objectReference).max(64).optional(),
          options: labels.optional(),
        })
        .optional(),
      allowedRoutes: z
        .strictObject({
          namespaces: namespaces.optional(),
          kinds: z.array(z.strictObject({ group: z.string().optional(), kind: z.string() })).optional(),
        })
        .optional(),
    }),
  )
  .min(1)
  .max(64);

const frontendTls = z.strictObject({
  validation: z
    .strictObject({
      caCertificateRefs: z.array(objectReference).optional(),
      mode: z.enum(["AllowValidOnly", "AllowInsecureFallback"]).optional(),
    })
    .optional(),
});

export const gateway = z.strictObject({
  gatewayClassName: z.string(),
  listeners,
  addresses: z.array(z.strictObject({ type: z.string().optional(), value: z.string().optional() })).optional(),
  allowedListeners: z.strictObject({ namespaces: namespaces.optional() }).optional(),
  tls: z
    .strictObject({
      backend: z.strictObject({ clientCertificateRef: objectReference.optional() }).optional(),
      frontend: z
        .strictObject({
          default: frontendTls.optional(),
          perPort: z.array(z.strictObject({ port, tls: frontendTls.optional() })).optional(),
        })
        .optional(),
    })
    .optional(),
  infrastructure: z
    .strictObject({
      labels: labels.optional(),
      annotations: labels.optional(),
      parametersRef: parametersRef.optional(),
    })
    .optional(),
});

export const listenerSet = z.strictObject({ parentRef: objectReference, listeners });
