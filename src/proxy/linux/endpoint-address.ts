/**
 * The address of an endpoint as the kernel and as the log want it, made once: endpoints are the same objects for as long as
 * their configuration.
 */
import type { Endpoint } from "../../model/proxy-config.ts";
import { formatAddress } from "../relay/engine.ts";
import { encodeSocketAddress } from "./socket-address.ts";

const structures = new WeakMap<Endpoint, Uint8Array>();
const texts = new WeakMap<Endpoint, string>();

/** See `encodeSocketAddress`. Undefined: it is no address. */
export function endpointStructure(endpoint: Endpoint): Uint8Array | undefined {
  const known = structures.get(endpoint);
  if (known !== undefined) return known;
  const structure = encodeSocketAddress(endpoint.address, endpoint.port);
  if (structure !== undefined) structures.set(endpoint, structure);
  return structure;
}

/** `192.0.2.1:443`, `[2001:db8::1]:443`. */
export function endpointText(endpoint: Endpoint): string {
  const known = texts.get(endpoint);
  if (known !== undefined) return known;
  const text = formatAddress(endpoint.address, endpoint.port);
  texts.set(endpoint, text);
  return text;
}
