/** Which namespaces an owner admits, of routes to a listener or of ListenerSets to a Gateway: one rule, with two defaults. */
import type { NamespaceChoice } from "../../gateway-api/objects.ts";
import { selects } from "../../gateway-api/selector.ts";
import type { Lookups } from "../lookups.ts";

/**
 * `home`: the namespace that `Same` means. Without `choice.from`, `otherwise` holds: `Same` for routes, `None` for ListenerSets
 * (Gateway API, `RouteNamespaces.from`, `ListenerNamespaces.from`).
 */
export function admitsNamespace(
  lookups: Lookups,
  choice: NamespaceChoice | undefined,
  otherwise: "Same" | "None",
  { namespace, home }: { readonly namespace: string; readonly home: string },
): boolean {
  switch (choice?.from ?? otherwise) {
    case "All":
      return true;
    case "Same":
      return namespace === home;
    case "Selector":
      return selects(choice?.selector, lookups.namespace(namespace)?.metadata.labels);
    default:
      return false;
  }
}
