/**
 * Why a connection ended: the one vocabulary of the access log (`reason`), the metric label and the docs.
 * Closed: a new way to end is a new word here first.
 */
export const CONNECTION_REASONS = {
  completed: "both sides closed, or the client closed and the backend reset the connection after that (`detail`)",
  client_denied: "the listener does not take clients of this address",
  client_connection_limit: "the client has as many connections as one client may",
  connection_rate_limit: "more connections came in a second than the proxy may take",
  unrouted_limit: "the proxy, or one client, has reached its limit of connections without a route",
  proxy_header_missing: "the listener requires a PROXY header and the connection does not begin with one",
  proxy_header_untrusted: "the listener requires a PROXY header, and takes none from this peer",
  proxy_header_timeout: "the PROXY header was not complete in time",
  malformed_proxy_header: "the bytes begin like a PROXY header and are none",
  client_closed_early:
    "the client closed or reset before its ClientHello was complete, or closed while its backend was dialled",
  client_hello_timeout: "the ClientHello was not complete in time",
  client_hello_too_large: "the ClientHello exceeds the limit",
  malformed_client_hello: "the bytes start like TLS but are no valid ClientHello",
  not_tls: "the first bytes are not a TLS handshake",
  proxy_header_unexpected:
    "the connection begins with a PROXY header, and the listener takes none, or none from this peer",
  invalid_sni: "the server name is no legal DNS name",
  client_handshake_failed: "the TLS handshake with the client failed",
  client_certificate_invalid: "the client showed no certificate, or one that the listener's authorities did not issue",
  http_not_served: "an HTTP request was answered 503: HTTP is not routed",
  no_server_name: "no server name was sent, and no listener and route without hostnames takes such connections",
  no_matching_listener: "no listener on this port has a hostname for the server name",
  no_matching_route: "the listener has no route for the server name; a TCP listener: no route at all",
  no_backend: "the route has no backend with a weight",
  invalid_backend: "the chosen backendRef cannot be used; the route's ResolvedRefs condition says why",
  no_ready_endpoint: "the chosen Service has no ready endpoint",
  backend_unresolved: "the external host's name does not resolve",
  backend_forbidden:
    "the external host resolves to an address that is not allowed: the proxy itself, loopback, or a denied range",
  backend_loop: "the endpoint is an address of this Gateway; a connection would return to the Gateway",
  backend_connection_limit: "the backend has reached its connection limit",
  backend_refused: "the endpoint refused the connection",
  backend_timeout: "the endpoint did not answer the connection in time",
  backend_unreachable: "there is no way to the endpoint",
  backend_reset: "the backend reset the connection",
  backend_handshake_failed: "the TLS handshake with the backend failed",
  backend_certificate_invalid: "the backend's certificate is not what its BackendTLSPolicy asks for",
  backend_unresponsive: "the backend stopped responding on an open connection",
  client_reset: "the client reset the connection",
  client_unreachable: "the client stopped answering",
  idle_timeout: "no byte went either way for the idle time-out",
  half_closed_timeout: "one side had closed and the other did not follow in time",
  maximum_age: "the connection was as old as one may become",
  drain_deadline: "the proxy was ending and the drain deadline passed",
  connection_limit: "the proxy holds as many connections as it may",
  internal_error: "a defect of the proxy; the log has its stack",
} as const;

export type ConnectionReason = keyof typeof CONNECTION_REASONS;

/**
 * Reasons that last until somebody changes a route, a backend, a limit or the proxy. Their lines in the access log have level warn. A
 * client can cause each of the others without any fault of the Gateway's owner, so that such lines at warn would hide these.
 */
export const REASONS_TO_FIX: ReadonlySet<ConnectionReason> = new Set<ConnectionReason>([
  "no_backend",
  "invalid_backend",
  "no_ready_endpoint",
  "backend_unresolved",
  "backend_forbidden",
  "backend_loop",
  "backend_connection_limit",
  "backend_refused",
  "backend_timeout",
  "backend_unreachable",
  "backend_handshake_failed",
  "backend_certificate_invalid",
  "backend_unresponsive",
  "connection_limit",
  "internal_error",
]);
