/** Which rules an object is judged by, for whoever has objects of any kind: the webhook, and the command with files. */
import type { Gateway, KubernetesObject, ListenerSet, TcpRoute, TlsRoute } from "../gateway-api/objects.ts";
import { validateGateway } from "./gateway.ts";
import { validateListenerSet } from "./listener-set.ts";
import type { AdmissionContext } from "./ownership.ts";
import { validateTcpRoute } from "./tcp-route.ts";
import { validateTlsRoute } from "./tls-route.ts";
import { ADMITTED, type Verdict } from "./verdict.ts";

/** `object` has the shape of its kind. A kind without rules is admitted. */
export function validateObject(object: KubernetesObject, context: AdmissionContext): Verdict {
  switch (object.kind) {
    case "Gateway":
      return validateGateway(object as Gateway, context);
    case "ListenerSet":
      return validateListenerSet(object as ListenerSet, context);
    case "TLSRoute":
      return validateTlsRoute(object as TlsRoute, context);
    case "TCPRoute":
      return validateTcpRoute(object as TcpRoute, context);
    default:
      return ADMITTED;
  }
}
