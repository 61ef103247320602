/** An explanation for people. Pure. */
import type { BackendShare, Explanation, Loser, Outcome } from "./explanation.ts";

export function explanationText({ gateway, port, outcome, listener, route, backends, lost }: Explanation): string {
  return [
    `Gateway ${gateway}, port ${port}: ${outcomeText(outcome)}`,
    `  listener  ${listener ?? "none"}`,
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

function backendText({ name, weight, share, addresses, refusal }: BackendShare): string {
  const part = weight === 0 ? "weight 0: takes nothing" : `${Number((share * 100).toFixed(2))} %`;
  return `${name} (${part}): ${refusal === undefined ? addresses.join(", ") : `refused, ${refusal}`}`;
}

function losers(what: string, lost: readonly Loser[]): readonly string[] {
  return lost.map(({ name, why }) => `  not ${what} ${name}: ${why}`);
}
