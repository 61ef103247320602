/** Routes of every kind. Of an HTTPRoute only what attaches it is looked at: HTTP is not routed here. */
import { z } from "zod";
import { port } from "./parts.ts";

const parentRefs = z
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
  .max(32);

const hostnames = z.array(z.string().min(1)).max(1024);

const rules = z
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
  .max(16);

export const tlsRoute = z.strictObject({
  parentRefs: parentRefs.optional(),
  hostnames: hostnames.optional(),
  rules: rules.optional(),
});

export const tcpRoute = z.strictObject({ parentRefs: parentRefs.optional(), rules: rules.optional() });

export const httpRoute = z.looseObject({ parentRefs: parentRefs.optional(), hostnames: hostnames.optional() });
