/** Kubernetes' own kinds: we read a part of each and pass over the rest. */
import { z } from "zod";
import { head, labels, port } from "./parts.ts";

export const namespace = z.looseObject(head);

const serviceSpec = z.looseObject({
  type: z.string().optional(),
  externalName: z.string().optional(),
  ports: z.array(z.looseObject({ name: z.string().optional(), port, protocol: z.string().optional() })).optional(),
});

export const service = z.looseObject({ ...head, spec: serviceSpec });

export const endpointSlice = z.looseObject({
  ...head,
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
});

/** What `stringData` says goes into `data` in base64 and wins, as the API server does it. */
export const secret = z
  .looseObject({ ...head, type: z.string().optional(), data: labels.optional(), stringData: labels.optional() })
  .transform(({ stringData = {}, data, ...rest }) => {
    const plain = Object.entries(stringData).map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
    return { ...rest, data: { ...data, ...Object.fromEntries(plain) } };
  });

/** Certificates of authorities are all that is read of one. */
const AUTHORITIES_KEY = "ca.crt";

export const configMap = z
  .looseObject({ ...head, data: labels.optional() })
  .transform(({ apiVersion, kind, metadata, data }) => {
    const authorities = data?.[AUTHORITIES_KEY];
    return { apiVersion, kind, metadata, data: authorities === undefined ? {} : { [AUTHORITIES_KEY]: authorities } };
  });
