/**
 * What a resource refers to. Pure; it does not ask whether the others exist.
 */
import type { Resource, ResourceKey } from "../../model/proxy-config.ts";

/** Keys of the resources that a resource needs. */
export function referencesOf(resource: Resource): ResourceKey[] {
  switch (resource.kind) {
    case "listener":
    case "endpoints":
      return [];
    case "route":
      return [
        ...resource.attachments.map(({ listener }) => `listener:${listener}`),
        ...resource.backends.map(({ backend }) => `backend:${backend}`),
      ];
    case "backend":
      return resource.target.type === "endpoints" ? [`endpoints:${resource.target.endpoints}`] : [];
  }
}
