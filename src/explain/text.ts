/** An explanation for people. Pure. */
import type { ClientTraffic } from "../model/traffic.ts";
import type { BackendShare, Explanation, Loser, Outcome } from "./explanation.ts";

export function explanationText({
  gateway,
  port,
  outcome,
  listener,
  clients = {},
  route,
  backends,
  lost,
}: Explanation): string {
  return [
    `Gateway ${gateway}, port ${port}: ${outcomeText(outcome)}`,
    `  listener  ${listener ?? "none"}`,
    ...clientsText(clients).map((said) => `  clients   ${said}`),
    ...(listener === undefined || outcome.action === "answer" ? [] : [`  route     ${route ?? "none"}`]),
    ...backends.map((backend) => `  backend   ${backendText(backend)}`),
    ...losers("listener", lost.listeners),
    ...losers("route", lost.routes),
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

function losers(what: string, lost: readonly Loser[]): readonly string[] {
  return lost.map(({ name, why }) => `  not ${what} ${name}: ${why}`);
}
