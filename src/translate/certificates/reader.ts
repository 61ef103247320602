/**
 * Reads Secrets and ConfigMaps, each version of an object once, however many listeners, policies and backends refer to it: parsing a
 * certificate costs tens of microseconds, and one object may be referred to by thousands. What is read is kept as long as the object.
 */
import type { ConfigMap, Secret } from "../../gateway-api/objects.ts";
import { type Authorities, readAuthorities } from "./authorities.ts";
import { type KeyPair, readKeyPair } from "./key-pair.ts";

export class CertificateReader {
  readonly #keyPairs = new WeakMap<Secret, KeyPair>();
  readonly #authorities = new WeakMap<ConfigMap, Authorities>();

  keyPair(secret: Secret): KeyPair {
    const known = this.#keyPairs.get(secret) ?? readKeyPair(secret);
    this.#keyPairs.set(secret, known);
    return known;
  }

  authorities(configMap: ConfigMap): Authorities {
    const known = this.#authorities.get(configMap) ?? readAuthorities(configMap);
    this.#authorities.set(configMap, known);
    return known;
  }
}
