/**
 * A resource of the configuration as an onlooker may see it: without keys, and bounded in size.
 */
import { X509Certificate } from "node:crypto";
import type { Resource } from "../../../model/proxy-config.ts";

const REDACTED = "redacted";
/** Of one EndpointsResource; a Service may have thousands. */
const MOST_ENDPOINTS = 100;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

export function shownResource(resource: Resource): object {
  switch (resource.kind) {
    case "settings":
    case "externalHosts":
    case "listener":
    case "route":
    case "backend":
      return resource;
    case "endpoints": {
      const { endpoints } = resource;
      const rest = endpoints.length - MOST_ENDPOINTS;
      return { ...resource, endpoints: endpoints.slice(0, MOST_ENDPOINTS), ...(rest > 0 && { leftOut: rest }) };
    }
    case "certificate":
      return { ...resource, certificate: shownCertificate(resource.certificate), privateKey: REDACTED };
    case "authorities":
      return { ...resource, certificates: (resource.certificates.match(CERTIFICATE) ?? []).map(shownCertificate) };
  }
}

/** What everybody who connects can see of it, too. */
function shownCertificate(pem: string): object {
  try {
    const { fingerprint256, subject, validFrom, validTo } = new X509Certificate(pem);
    return { subject, validFrom, validTo, fingerprint256 };
  } catch {
    // Not the error's words: somebody may have put a key where a certificate belongs.
    return { unreadable: true };
  }
}
