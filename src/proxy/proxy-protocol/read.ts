/**
 * Reads a PROXY header of either version from the beginning of a connection. Pure, and without state: it is asked again with
 * all that has come so far, and a header that is not whole costs no more than a look at its first octets.
 *
 * It says what the header says. Whether its sender may be believed is not its business.
 */
import { type ProxyHeader, SIGNATURE_V2 } from "./header.ts";
import { readVersion1 } from "./read-v1.ts";
import { readVersion2 } from "./read-v2.ts";

export type HeaderReading =
  /** What is there may be the beginning of a header. */
  | { readonly state: "need_more" }
  /** It begins like no header. */
  | { readonly state: "absent" }
  /** `consumed`: the length of the header in octets. What follows belongs to the client. */
  | { readonly state: "header"; readonly header: ProxyHeader; readonly consumed: number }
  /** It begins like a header and is none. `detail` holds no octet of the peer's. */
  | { readonly state: "refused"; readonly detail: string };

const SIGNATURE_V1 = new TextEncoder().encode("PROXY ");

export function readProxyHeader(bytes: Uint8Array): HeaderReading {
  switch (compare(bytes, SIGNATURE_V1)) {
    case "part":
      return { state: "need_more" };
    case "whole":
      return readVersion1(bytes);
    case "other":
      break;
  }
  switch (compare(bytes, SIGNATURE_V2)) {
    case "part":
      return { state: "need_more" };
    case "whole":
      return readVersion2(bytes);
    case "other":
      return { state: "absent" };
  }
}

/** How much of `signature` do the bytes begin with? */
function compare(bytes: Uint8Array, signature: Uint8Array): "whole" | "part" | "other" {
  const length = Math.min(bytes.length, signature.length);
  for (let index = 0; index < length; index++) if (bytes[index] !== signature[index]) return "other";
  return length === signature.length ? "whole" : "part";
}
