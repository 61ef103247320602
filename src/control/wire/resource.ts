/**
 * Resources of the model to and from the contract. Pure and total: every model value has a message, and every message is
 * a model value or a problem in words.
 *
 * It refuses what it does not know rather than guess: a proxy that leaves out half of a newer operator's resource would
 * serve something that nobody asked for. It does not judge values (ports, names); the proxy's table does that.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import type { Resource, RouteAttachment, VersionedResource } from "../../model/proxy-config.ts";
import type {
  BackendWithTraffic,
  ListenerWithClient,
  Route,
  Resource as WireResource,
} from "../generated/control_pb.ts";
import { ResourceSchema } from "../generated/control_pb.ts";
import { backendFromWire, backendToWire } from "./backend.ts";
import { clientFromWire, clientToWire } from "./client-traffic.ts";
import { contradictory, type Decoded, unknown } from "./decoded.ts";
import { listenerFromWire, listenerToWire } from "./listener.ts";
import { settingsFromWire, settingsToWire } from "./settings.ts";
import { trafficFromWire, trafficToWire } from "./traffic.ts";

type WireInit = Exclude<MessageInitShape<typeof ResourceSchema>, WireResource>;

export function resourceToWire({ version, resource }: VersionedResource): WireResource {
  return create(ResourceSchema, { name: resource.name, version, kind: kindToWire(resource) });
}

function kindToWire(resource: Resource): NonNullable<WireInit["kind"]> {
  switch (resource.kind) {
    case "settings":
      return { case: "settings", value: settingsToWire(resource) };
    case "externalHosts":
      return { case: "externalHosts", value: { deniedCidrs: [...resource.deniedCidrs] } };
    case "listener": {
      const listener = listenerToWire(resource);
      const { client } = resource;
      if (client === undefined) return { case: "listener", value: listener };
      return { case: "listenerWithClient", value: { listener, client: clientToWire(client) } };
    }
    case "route": {
      const attachments = resource.attachments.map(({ listener, hostnames }) => ({
        listener,
        hostnames: [...hostnames],
      }));
      const backends = resource.backends.map(({ backend, weight }) => ({ backend, weight }));
      return { case: "route", value: { attachments, backends } };
    }
    case "backend": {
      const backend = backendToWire(resource);
      const { traffic } = resource;
      if (traffic === undefined) return { case: "backend", value: backend };
      return { case: "backendWithTraffic", value: { backend, traffic: trafficToWire(traffic) } };
    }
    case "endpoints": {
      const endpoints = resource.endpoints.map(({ address, port }) => ({ address, port }));
      return { case: "endpoints", value: { endpoints } };
    }
    case "certificate": {
      const { certificate, privateKey } = resource;
      return { case: "certificate", value: { certificate, privateKey } };
    }
    case "authorities":
      return { case: "authorities", value: { certificates: resource.certificates } };
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
    case "settings":
      return settingsFromWire(name, kind.value);
    case "externalHosts":
      if (name !== "proxy") return unknown(`external hosts of ${JSON.stringify(name)}`);
      return { ok: true, value: { kind: "externalHosts", name, deniedCidrs: kind.value.deniedCidrs } };
    case "listenerWithClient":
      return listenerWithClient(name, kind.value);
    case "backendWithTraffic":
      return backendWithTraffic(name, kind.value);
    case "endpoints": {
      const endpoints = kind.value.endpoints.map(({ address, port }) => ({ address, port }));
      return { ok: true, value: { kind: "endpoints", name, endpoints } };
    }
    case "certificate": {
      const { certificate, privateKey } = kind.value;
      return { ok: true, value: { kind: "certificate", name, certificate, privateKey } };
    }
    case "authorities":
      return { ok: true, value: { kind: "authorities", name, certificates: kind.value.certificates } };
    case undefined:
      return unknown("its kind");
  }
}

function routeFromWire(name: string, route: Route): Resource {
  const attachments: RouteAttachment[] = route.attachments.map(({ listener, hostnames }) => ({ listener, hostnames }));
  const backends = route.backends.map(({ backend, weight }) => ({ backend, weight }));
  return { kind: "route", name, attachments, backends };
}

function listenerWithClient(name: string, message: ListenerWithClient): Decoded<Resource> {
  if (message.listener === undefined || message.client === undefined) return contradictory("half a listener");
  const listener = listenerFromWire(name, message.listener);
  if (!listener.ok) return listener;
  const client = clientFromWire(message.client);
  return client.ok ? { ok: true, value: { ...listener.value, client: client.value } } : client;
}

function backendWithTraffic(name: string, message: BackendWithTraffic): Decoded<Resource> {
  if (message.backend === undefined || message.traffic === undefined) return contradictory("half a backend");
  const backend = backendFromWire(name, message.backend);
  if (!backend.ok) return backend;
  const traffic = trafficFromWire(message.traffic);
  return traffic.ok ? { ok: true, value: { ...backend.value, traffic: traffic.value } } : traffic;
}
