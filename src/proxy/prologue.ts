/**
 * The PROXY header that a backend is sent, from what is known of a connection and what the backend asks for. Pure.
 */
import type { SentProxyProtocol } from "../model/traffic.ts";
import { isIpAddress } from "../net/ip-address.ts";
import { isDnsName } from "./dns-name.ts";
import type { ConnectionEnds, HeaderFields } from "./proxy-protocol/header.ts";
import { writeProxyHeader } from "./proxy-protocol/write.ts";
import type { ClientFacts } from "./relay/client-facts.ts";

export interface Prologue {
  readonly prologue: Uint8Array;
  /** Text of the unique id in it: as it is where that can be read, else in hexadecimal digits. */
  readonly uniqueId?: string;
}

const PRINTABLE = /^[\x21-\x7e]+$/;

/** `newUniqueId`: asked only when one is wanted and none came with the connection. */
export function prologueOf(
  asked: SentProxyProtocol,
  serverName: string | undefined,
  client: ClientFacts,
  newUniqueId: () => string,
): Prologue {
  const ends = endsOf(client);
  if (asked.version === 1) return { prologue: writeProxyHeader({ version: 1, ...ends }) };
  const authority = asked.authority ? (serverName ?? legalName(client.fields.authority)) : undefined;
  const uniqueId = asked.uniqueId ? (client.fields.uniqueId ?? new TextEncoder().encode(newUniqueId())) : undefined;
  const fields: HeaderFields = {
    ...(authority === undefined ? {} : { authority }),
    ...(uniqueId === undefined ? {} : { uniqueId }),
  };
  const prologue = writeProxyHeader({ version: 2, ...ends, fields });
  return uniqueId === undefined ? { prologue } : { prologue, uniqueId: textOf(uniqueId) };
}

/** None for a connection that is gone by now: nobody will read the header. */
function endsOf({ source, destination }: ClientFacts): { ends?: ConnectionEnds } {
  const areKnown = [source, destination].every(({ address }) => isIpAddress(address));
  return areKnown ? { ends: { source, destination } } : {};
}

function legalName(authority: string | undefined): string | undefined {
  return authority !== undefined && isDnsName(authority) ? authority : undefined;
}

function textOf(bytes: Uint8Array): string {
  const text = String.fromCharCode(...bytes);
  return PRINTABLE.test(text) ? text : Array.from(bytes, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
