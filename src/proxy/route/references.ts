/**
 * What a resource refers to. Pure; it does not ask whether the others exist.
 */
import type { BackendResource, ListenerResource, Resource, ResourceKey } from "../../model/proxy-config.ts";

/** Keys of the resources that a resource needs. */
export function referencesOf(resource: Resource): ResourceKey[] {
  switch (resource.kind) {
    case "listener":
      return listenerReferences(resource);
    case "route":
      return [
        ...resource.attachments.map(({ listener }) => `listener:${listener}`),
        ...resource.backends.map(({ backend }) => `backend:${backend}`),
      ];
    case "backend":
      return backendReferences(resource);
    case "settings":
    case "externalHosts":
    case "endpoints":
    case "certificate":
    case "authorities":
      return [];
  }
}

function listenerReferences(listener: ListenerResource): ResourceKey[] {
  if (!("tls" in listener) || listener.tls.mode === "Passthrough") return [];
  const { certificates, clientValidation, backendCertificate } = listener.tls;
  return [
    ...certificates.map(certificateKey),
    ...(clientValidation?.authorities ?? []).map(authoritiesKey),
    ...(backendCertificate === undefined ? [] : [certificateKey(backendCertificate)]),
  ];
}

function backendReferences({ target, tls }: BackendResource): ResourceKey[] {
  const endpoints = target.type === "endpoints" ? [`endpoints:${target.endpoints}`] : [];
  if (tls?.type !== "verified") return endpoints;
  return [
    ...endpoints,
    ...(tls.authorities === "system" ? [] : tls.authorities.map(authoritiesKey)),
    ...(tls.certificate === undefined ? [] : [certificateKey(tls.certificate)]),
  ];
}

function certificateKey(name: string): ResourceKey {
  return `certificate:${name}`;
}

function authoritiesKey(name: string): ResourceKey {
  return `authorities:${name}`;
}
