/**
 * Resources of the model to and from the contract. Pure and total: every model value has a message, and every message is
 * a model value or a problem in words.
 *
 * It refuses what it does not know rather than guess: a proxy that leaves out half of a newer operator's resource would
 * serve something that nobody asked for. It does not judge values (ports, names); the proxy's table does that.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import type {
  BackendTarget,
  InvalidBackendReason,
  Resource,
  RouteAttachment,
  VersionedResource,
} from "../../model/proxy-config.ts";
import type { Backend, Listener, Route, Resource as WireResource } from "../generated/control_pb.ts";
import { ResourceSchema } from "../generated/control_pb.ts";
import type { Decoded } from "./decoded.ts";

const INVALID_BACKEND_REASONS: Record<InvalidBackendReason, true> = {
  RefNotPermitted: true,
  InvalidKind: true,
  BackendNotFound: true,
  UnsupportedProtocol: true,
};

type WireInit = Exclude<MessageInitShape<typeof ResourceSchema>, WireResource>;

export function resourceToWire({ version, resource }: VersionedResource): WireResource {
  return create(ResourceSchema, { name: resource.name, version, kind: kindToWire(resource) });
}

function kindToWire(resource: Resource): NonNullable<WireInit["kind"]> {
  switch (resource.kind) {
    case "listener": {
      const { port, protocol, mode, hostname } = resource;
      const value = { port, protocol, mode, ...(hostname === undefined ? {} : { hostname }) };
      return { case: "listener", value };
    }
    case "route": {
      const attachments = resource.attachments.map(({ listener, hostnames }) => ({
        listener,
        hostnames: [...hostnames],
      }));
      const backends = resource.backends.map(({ backend, weight }) => ({ backend, weight }));
      return { case: "route", value: { attachments, backends } };
    }
    case "backend":
      return { case: "backend", value: { target: targetToWire(resource.target) } };
    case "endpoints": {
      const endpoints = resource.endpoints.map(({ address, port }) => ({ address, port }));
      return { case: "endpoints", value: { endpoints } };
    }
  }
}

function targetToWire(target: BackendTarget) {
  switch (target.type) {
    case "endpoints":
      return { case: "endpoints" as const, value: target.endpoints };
    case "external":
      return { case: "external" as const, value: { host: target.host, port: target.port } };
    case "invalid":
      return { case: "invalid" as const, value: target.reason };
  }
}

export function resourceFromWire(message: WireResource): Decoded<VersionedResource> {
  const decoded = kindFromWire(message);
  if (!decoded.ok) return { ok: false, problem: `resource ${message.name}: ${decoded.problem}` };
  return { ok: true, value: { version: message.version, resource: decoded.value } };
}

function kindFromWire({ name, kind }: WireResource): Decoded<Resource> {
  switch (kind.case) {
    case "listener":
      return listenerFromWire(name, kind.value);
    case "route":
      return { ok: true, value: routeFromWire(name, kind.value) };
    case "backend":
      return backendFromWire(name, kind.value);
    case "endpoints": {
      const endpoints = kind.value.endpoints.map(({ address, port }) => ({ address, port }));
      return { ok: true, value: { kind: "endpoints", name, endpoints } };
    }
    case undefined:
      return unknown("its kind");
  }
}

function listenerFromWire(name: string, { port, protocol, mode, hostname }: Listener): Decoded<Resource> {
  if (protocol !== "TLS") return unknown(`the protocol "${protocol}"`);
  if (mode !== "Passthrough") return unknown(`the TLS mode "${mode}"`);
  const optional = hostname === undefined ? {} : { hostname };
  return { ok: true, value: { kind: "listener", name, port, protocol, mode, ...optional } };
}

function routeFromWire(name: string, route: Route): Resource {
  const attachments: RouteAttachment[] = route.attachments.map(({ listener, hostnames }) => ({ listener, hostnames }));
  const backends = route.backends.map(({ backend, weight }) => ({ backend, weight }));
  return { kind: "route", name, attachments, backends };
}

function backendFromWire(name: string, { target }: Backend): Decoded<Resource> {
  const backend = (value: BackendTarget): Decoded<Resource> => ({
    ok: true,
    value: { kind: "backend", name, target: value },
  });
  switch (target.case) {
    case "endpoints":
      return backend({ type: "endpoints", endpoints: target.value });
    case "external":
      return backend({ type: "external", host: target.value.host, port: target.value.port });
    case "invalid":
      if (!isInvalidBackendReason(target.value)) return unknown(`the reason "${target.value}"`);
      return backend({ type: "invalid", reason: target.value });
    case undefined:
      return unknown("its kind of backend target");
  }
}

function isInvalidBackendReason(word: string): word is InvalidBackendReason {
  return Object.hasOwn(INVALID_BACKEND_REASONS, word);
}

function unknown(what: string): { ok: false; problem: string } {
  return { ok: false, problem: `this proxy does not know ${what}; it may be older than the operator` };
}
