/** From a ConfigMap's `ca.crt` to authorities to trust, or to what is wrong with it in words. */
import { type ConfigMap, objectKey } from "../../gateway-api/objects.ts";
import type { AuthoritiesResource } from "../../model/proxy-config.ts";
import { readCertificates } from "./pem.ts";

export type Authorities = { readonly authorities: AuthoritiesResource } | { readonly problem: string };

export function readAuthorities(configMap: ConfigMap): Authorities {
  const name = objectKey(configMap);
  const { data: { "ca.crt": text = "" } = {} } = configMap;
  const certificates = readCertificates(text);
  if (certificates === undefined) return { problem: `ConfigMap ${name} has no ca.crt with certificates in PEM` };
  return { authorities: { kind: "authorities", name, certificates: certificates.pem } };
}
