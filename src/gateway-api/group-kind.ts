/** Formats the kind of a reference for messages. Pure. */

/** Returns "Pod of the core group" or "Bucket of group example.com". The API writes the core group as an empty string. */
export function formatGroupKind(group: string, kind: string): string {
  return group === "" ? `${kind} of the core group` : `${kind} of group ${group}`;
}
