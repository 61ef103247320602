/** An explanation for people. Pure. */
import type { ClientTraffic } from "../model/traffic.ts";
import { isServed } from "./explain.ts";
import type { BackendShare, Explanation, Loser, Outcome } from "./explanation.ts";

/** Losers of each kind that the text has unless all are requested. */
const DEFAULT_MAX_LOSERS = 5;

export interface ExplanationQuery {
  readonly serverName: string | undefined;
  readonly port?: number | undefined;
}

/** Returns the result for all Gateways and ports, in one line. */
export function resultText(explanations: readonly Explanation[], { port, serverName }: ExplanationQuery): string {
  const what = serverName ?? "a client without a server name";
  if (explanations.length === 0) {
    return `${what}: refused: no Gateway of ours has a listener${port === undefined ? "" : ` on port ${port}`}`;
  }
  const serving = explanations.filter((explanation) => isServed([explanation], port));
  if (serving.length > 0) return `${what}: served by ${placesText(serving)}`;
  const others = explanations.filter((explanation) => isServed([explanation], explanation.port));
  const [first] = others;
  if (first === undefined) return `${what}: refused everywhere`;
  return `${what}: refused by every TLS listener; ${placesText(others)} takes any connection (--port ${first.port} asks about it)`;
}

function placesText(explanations: readonly Explanation[]): string {
  return explanations.map(({ gateway, port }) => `Gateway ${gateway}, port ${port}`).join("; ");
}

/** `maxLosers`: listeners, and routes, that did not get the connection; the nearest are first. */
export function explanationText(
  { gateway, port, outcome, listener, clients = {}, route, backends, lost }: Explanation,
  maxLosers: number = DEFAULT_MAX_LOSERS,
): string {
  return [
    `Gateway ${gateway}, port ${port}: ${outcomeText(outcome)}`,
    `  listener  ${listener ?? "none"}`,
    ...clientsText(clients).map((said) => `  clients   ${said}`),
    ...(listener === undefined || outcome.action === "answer" ? [] : [`  route     ${route ?? "none"}`]),
    ...backends.map((backend) => `  backend   ${backendText(backend)}`),
    ...losers("listener", lost.listeners, maxLosers),
    ...losers("route", lost.routes, maxLosers),
  ].join("\n");
}

function outcomeText(outcome: Outcome): string {
  switch (outcome.action) {
    case "serve":
      return "served";
    case "answer":
      return "refused: HTTP is not routed, every request is answered 503";
    case "refuse":
      return `refused: ${outcome.reason}`;
  }
}

/** What decides whether a client is taken; time-outs and limits do not. */
function clientsText({ allow, deny, proxyProtocol }: ClientTraffic): readonly string[] {
  const said: string[] = [];
  if (allow !== undefined) said.push(allow.length === 0 ? "nobody is allowed" : `allowed: ${allow.join(", ")}`);
  if (deny !== undefined && deny.length > 0) said.push(`denied: ${deny.join(", ")}`);
  if (proxyProtocol !== undefined) {
    const whose = `a PROXY header from ${proxyProtocol.trusted.join(", ")}`;
    const isRequired = proxyProtocol.mode === "required";
    said.push(isRequired ? `named by ${whose}, which is required` : `named by ${whose}, if one comes`);
  }
  return said;
}

function backendText({ name, weight, share, addresses, refusal }: BackendShare): string {
  const part = weight === 0 ? "weight 0: takes nothing" : `${Number((share * 100).toFixed(2))} %`;
  return `${name} (${part}): ${refusal === undefined ? addresses.join(", ") : `refused, ${refusal}`}`;
}

function losers(what: string, lost: readonly Loser[], maxLosers: number): readonly string[] {
  const shown = lost.slice(0, maxLosers).map(({ name, why }) => `  not ${what} ${name}: ${why}`);
  const more = lost.length - shown.length;
  return more === 0 ? shown : [...shown, `  and ${more} more ${what}${more === 1 ? "" : "s"} (--all)`];
}
