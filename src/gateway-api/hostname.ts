/**
 * Hostname algebra of Gateway API: what a pattern covers, what two patterns have in common, which one is more specific.
 * Patterns are exact names, `*.suffix` (one or more labels, never the suffix itself), or `*` for every server name and
 * for connections without one. All functions take and give lower case without a trailing dot; `normalizeHostname` makes it so.
 */

export const ANY_HOSTNAME = "*";

export function normalizeHostname(hostname: string): string {
  const lower = hostname.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}

function isWildcard(pattern: string): boolean {
  return pattern.startsWith("*.");
}

/** Whether everything that `inner` covers is covered by `outer` too. */
export function covers(outer: string, inner: string): boolean {
  if (outer === ANY_HOSTNAME || outer === inner) return true;
  // `*.example.com` covers `a.example.com`, `a.b.example.com` and `*.b.example.com`: all that end in `.example.com`.
  return isWildcard(outer) && inner !== ANY_HOSTNAME && inner.endsWith(outer.slice(1));
}

/** What two patterns both cover: always one of the two, or nothing. */
export function intersect(a: string, b: string): string | undefined {
  if (covers(a, b)) return b;
  return covers(b, a) ? a : undefined;
}

/**
 * Sorts the more specific pattern first: exact names, then wildcards with more labels, then `*`
 * (Gateway API, `Listener.hostname`). Equal specificity gives 0.
 */
export function compareSpecificity(a: string, b: string): number {
  return rank(b) - rank(a);
}

function rank(pattern: string): number {
  if (pattern === ANY_HOSTNAME) return 0;
  return isWildcard(pattern) ? pattern.split(".").length : Number.MAX_SAFE_INTEGER;
}
