/** What stands between routes and their backends: grants, TLS towards the backend, and hosts outside the cluster. */
import { z } from "zod";
import { labels, objectReference, port } from "./parts.ts";

export const referenceGrant = z.strictObject({
  from: z.array(z.strictObject({ group: z.string(), kind: z.string(), namespace: z.string() })).min(1),
  to: z.array(z.strictObject({ group: z.string(), kind: z.string(), name: z.string().optional() })).min(1),
});

const validation = z.strictObject({
  caCertificateRefs: z
    .array(z.strictObject({ group: z.string(), kind: z.string(), name: z.string().min(1) }))
    .max(8)
    .optional(),
  wellKnownCACertificates: z.string().optional(),
  hostname: z.string().min(1),
  subjectAltNames: z
    .array(
      z.strictObject({
        type: z.enum(["Hostname", "URI"]),
        hostname: z.string().optional(),
        uri: z.string().optional(),
      }),
    )
    .max(5)
    .optional(),
});

export const backendTlsPolicy = z.strictObject({
  targetRefs: z
    .array(
      z.strictObject({
        group: z.string().optional(),
        kind: z.string(),
        name: z.string().min(1),
        sectionName: z.string().optional(),
      }),
    )
    .min(1)
    .max(16),
  validation,
  options: labels.optional(),
});

export const xBackend = z.strictObject({
  // Newer versions of the API know more types; the route's status tells them.
  type: z.string(),
  port: z.strictObject({ name: z.string().optional(), port }),
  externalHostname: z.strictObject({ hostname: z.string().min(1) }).optional(),
  protocol: z.enum(["TCP", "HTTP", "HTTP2", "HTTP11", "H2C", "GRPC", "MCP"]).optional(),
  tls: z
    .strictObject({
      mode: z.enum(["None", "ServerOnly", "ClientAndServer"]),
      clientCertificateRef: objectReference.optional(),
      validation: validation.optional(),
    })
    .optional(),
});
