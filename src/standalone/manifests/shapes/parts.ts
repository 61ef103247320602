/** What the shapes of several kinds have in common. */
import { z } from "zod";

export const port = z.int().min(1).max(65535);
export const labels = z.record(z.string(), z.string());

const metadata = z.looseObject({
  name: z.string().min(1),
  namespace: z.string().min(1).optional(),
  labels: labels.optional(),
  annotations: labels.optional(),
  generation: z.int().optional(),
  creationTimestamp: z.string().optional(),
});

export const head = { apiVersion: z.string(), kind: z.string(), metadata };

/** `status` may stand in a file that came from `kubectl get -o yaml`; it is not read. */
export const withSpec = <S extends z.ZodType>(spec: S) =>
  z.strictObject({ ...head, spec, status: z.unknown().optional() });

export const objectReference = z.strictObject({
  group: z.string().optional(),
  kind: z.string().optional(),
  name: z.string().min(1),
  namespace: z.string().min(1).optional(),
});

export const parametersRef = z.strictObject({
  group: z.string(),
  kind: z.string(),
  name: z.string(),
  namespace: z.string().optional(),
});
