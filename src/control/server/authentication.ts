/** Who a bearer token says a proxy is. How that is found out (TokenReview) is the caller's. */
import { Code, ConnectError } from "@connectrpc/connect";

export interface ProxyIdentity {
  /** `<namespace>/<name>` of the Gateway whose configuration the proxy sees, and no other. */
  readonly gateway: string;
  /** Pod name. */
  readonly proxyId: string;
}

export type Authentication = ({ readonly ok: true } & ProxyIdentity) | { readonly ok: false; readonly reason: string };

/** Rejects only when it cannot tell now, as when the API server is away. */
export type Authenticate = (token: string) => Promise<Authentication>;

/** RFC 6750, section 2.1. */
const BEARER = /^Bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

/** Throws ConnectError: `unauthenticated` with the reason, or `unavailable` when it cannot be told now. */
export async function identify(authenticate: Authenticate, authorization: string | null): Promise<ProxyIdentity> {
  const token = BEARER.exec(authorization ?? "")?.[1];
  if (token === undefined) throw new ConnectError("a bearer token is required", Code.Unauthenticated);
  const result = await authenticate(token).catch((cause: unknown) => {
    throw new ConnectError("the token cannot be verified now", Code.Unavailable, undefined, undefined, cause);
  });
  if (!result.ok) throw new ConnectError(result.reason, Code.Unauthenticated);
  return { gateway: result.gateway, proxyId: result.proxyId };
}
