/**
 * A page of the admin port about the data plane: what it answers, and how its query is read. Pure.
 */

/** What goes out as JSON, or one sentence on what is wrong with the query. */
export type PageAnswer = { readonly body: unknown } | { readonly problem: string };

/** Bounded in size whatever the query says. */
export type Page = (query: URLSearchParams) => Promise<PageAnswer>;

/** An integer from 1 to `most`; absent: `otherwise`. */
export function readLimit(
  query: URLSearchParams,
  { most, otherwise }: { readonly most: number; readonly otherwise: number },
): number | { readonly problem: string } {
  const text = query.get("limit");
  if (text === null) return otherwise;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= most) return limit;
  return { problem: `limit: "${text}" is not a number from 1 to ${most}` };
}

/** As server names are compared: lower case, without a trailing dot. */
export function readHost(query: URLSearchParams): string | undefined {
  return query.get("host")?.toLowerCase().replace(/\.$/, "");
}

/** One sentence if the query has a parameter that the page does not know. */
export function unknownParameter(query: URLSearchParams, known: readonly string[]): string | undefined {
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  return unknown === undefined ? undefined : `"${unknown}" is not known; there are ${known.join(", ")}`;
}
