/**
 * Addresses of endpoints as the kernel wants them, made once each: endpoints are the same objects for as long as their
 * configuration.
 */
import type { Endpoint } from "../../model/proxy-config.ts";
import { type Memory, wordsOf } from "./libc.ts";
import { encodeSocketAddress } from "./socket-address.ts";

export class EndpointAddresses {
  readonly #target: Int32Array;
  readonly #known = new WeakMap<Endpoint, Int32Array>();

  /** `target`: of SOCKET_ADDRESS_BYTES, where addresses are written. */
  constructor(target: Memory) {
    this.#target = wordsOf(target);
  }

  /** How many bytes were written; 0: it is no address. */
  write(endpoint: Endpoint): number {
    const words = this.#known.get(endpoint) ?? this.#encode(endpoint);
    if (words === undefined) return 0;
    // A loop: for so few words it costs less than a copy by the library.
    for (let index = 0; index < words.length; index++) this.#target[index] = words[index] ?? 0;
    return 4 * words.length;
  }

  #encode(endpoint: Endpoint): Int32Array | undefined {
    const bytes = encodeSocketAddress(endpoint.address, endpoint.port);
    if (bytes === undefined) return undefined;
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    this.#known.set(endpoint, words);
    return words;
  }
}
