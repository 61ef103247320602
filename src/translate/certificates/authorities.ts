/** From a ConfigMap's `ca.crt` to authorities to trust, or to what is wrong with it in words. */
import { type ConfigMap, objectKey } from "../../gateway-api/objects.ts";
import type { AuthoritiesResource } from "../../model/proxy-config.ts";
import { readCertificates } from "./pem.ts";

/** Maximum number of certificates in a bundle, several times those that browsers and distributions trust. */
const MAX_BUNDLE = 1_000;

export type Authorities = { readonly authorities: AuthoritiesResource } | { readonly problem: string };

export function readAuthorities(configMap: ConfigMap): Authorities {
  const name = objectKey(configMap);
  const { data: { "ca.crt": text = "" } = {} } = configMap;
  const certificates = readCertificates(text, MAX_BUNDLE);
  if (certificates === "unreadable") return { problem: `ConfigMap ${name} has no ca.crt with certificates in PEM` };
  if (certificates === "too many") {
    return { problem: `ca.crt of ConfigMap ${name} has more than ${MAX_BUNDLE.toLocaleString("en")} certificates` };
  }
  return { authorities: { kind: "authorities", name, certificates: certificates.pem } };
}
