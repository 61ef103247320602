/** What the manifest's roles grant and what the API server's audit log says was asked, both as rights that can be compared. Pure. */

/** `get leases.coordination.k8s.io/fsm-gateway`: a verb on a resource, on a subresource after a dot of its own, on one name where there is one. */
export type Right = string;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface Role {
  readonly kind: string;
  readonly metadata: { readonly namespace?: string };
  readonly rules: readonly Rule[];
}

/** audit.k8s.io/v1 Event, as far as it is read. */
export interface AuditEvent {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly requestURI: string;
  readonly requestReceivedTimestamp: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Each right of the role alone. A name stands behind the resource, and a namespace in brackets where the role is of one. */
export function granted({ metadata: { namespace }, rules }: Role): readonly Right[] {
  return rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [""] }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) => resourceNames.map((name) => rightOf(verb, group, resource, name, namespace))),
      ),
    ),
  );
}

function rightOf(verb: string, group: string, resource: string, name: string, namespace: string | undefined): Right {
  const kind = group === "" ? resource : `${resource}.${group}`;
  return `${verb} ${kind}${name && ` ${name}`}${namespace === undefined ? "" : ` (${namespace})`}`;
}

/** The granted rights that a request has used: with and without its name, in its namespace and in all. */
export function usedBy({ verb, objectRef, responseStatus }: AuditEvent): readonly Right[] {
  if (objectRef === undefined) return [];
  const { apiGroup = "", resource, subresource, namespace, name } = objectRef;
  const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
  // An object that server-side apply makes needs the right to create it besides (Kubernetes, "Server-Side Apply"). The log has the one verb.
  const verbs = verb === "patch" && responseStatus?.code === 201 ? ["patch", "create"] : [verb];
  // A list or watch of one name, as `metadata.name=…`, is allowed by a rule with that name.
  const names = name === undefined ? [""] : ["", name];
  return verbs.flatMap((one) =>
    names.flatMap((at) => [undefined, namespace].map((place) => rightOf(one, apiGroup, whole, at, place))),
  );
}

export function wasRefused({ annotations, responseStatus }: AuditEvent): boolean {
  return annotations?.["authorization.k8s.io/decision"] === "forbid" || responseStatus?.code === 403;
}
