/**
 * The classes to which Pepr binds: one for each kind and version, since Pepr knows a kind by its class's name. They carry no
 * behaviour; what an object holds is said by src/gateway-api.
 */
import { GenericKind, RegisterKind } from "kubernetes-fluent-client";
import { GATEWAY_GROUP } from "../src/gateway-api/objects.ts";

export class GatewayV1 extends GenericKind {}
export class ListenerSetV1 extends GenericKind {}
export class TlsRouteV1 extends GenericKind {}
export class TlsRouteV1Alpha3 extends GenericKind {}
export class TlsRouteV1Alpha2 extends GenericKind {}
export class TcpRouteV1 extends GenericKind {}
export class TcpRouteV1Alpha2 extends GenericKind {}

RegisterKind(GatewayV1, { group: GATEWAY_GROUP, version: "v1", kind: "Gateway", plural: "gateways" });
RegisterKind(ListenerSetV1, { group: GATEWAY_GROUP, version: "v1", kind: "ListenerSet", plural: "listenersets" });
RegisterKind(TlsRouteV1, { group: GATEWAY_GROUP, version: "v1", kind: "TLSRoute", plural: "tlsroutes" });
RegisterKind(TlsRouteV1Alpha3, { group: GATEWAY_GROUP, version: "v1alpha3", kind: "TLSRoute", plural: "tlsroutes" });
RegisterKind(TlsRouteV1Alpha2, { group: GATEWAY_GROUP, version: "v1alpha2", kind: "TLSRoute", plural: "tlsroutes" });
RegisterKind(TcpRouteV1, { group: GATEWAY_GROUP, version: "v1", kind: "TCPRoute", plural: "tcproutes" });
RegisterKind(TcpRouteV1Alpha2, { group: GATEWAY_GROUP, version: "v1alpha2", kind: "TCPRoute", plural: "tcproutes" });
