/**
 * Who the client of a connection is: finds the PROXY header that stands before anything else, where one may or must.
 */
import type { ConnectionReason } from "../../model/connection-reason.ts";
import type { BeginningRefusal } from "./beginning.ts";
import { type ClientFacts, factsOfHeader } from "./client-facts.ts";
import type { ClientSide } from "./client-side.ts";
import { type HeaderResult, PROXY_HEADER_PARSER } from "./proxy-header-parser.ts";

export type Identity =
  /** `hasHeader`: the client is whom the peer's header names. */
  | { readonly who: ClientFacts; readonly hasHeader: boolean }
  | { readonly reason: ConnectionReason; readonly detail?: string };

/** Reads no more than the header: what follows is for whoever reads next. `own`: of the connection itself. Never rejects. */
export async function identify(
  client: ClientSide,
  expectation: "required" | "optional",
  own: ClientFacts,
): Promise<Identity> {
  const result = await new Promise<HeaderResult | BeginningRefusal>((resolve) =>
    client.find(PROXY_HEADER_PARSER, resolve),
  );
  switch (result.state) {
    case "refused":
      return { reason: result.reason, detail: result.detail };
    case "absent":
      if (expectation === "required") return { reason: "proxy_header_missing" };
      return { who: own, hasHeader: false };
    case "header":
      client.drop(result.consumed);
      return { who: factsOfHeader(result.header, own), hasHeader: true };
  }
}
