/** Sorts candidates by how near their hostnames are to a server name, so that the likely mistakes come first. Pure. */
import { ANY_HOSTNAME, covers } from "../gateway-api/hostname.ts";

/** Returns the candidates, nearest first, and as they were where they are equally near. */
export function sortByNearness<T>(
  candidates: readonly T[],
  serverName: string | undefined,
  getHostnames: (candidate: T) => readonly string[],
): readonly T[] {
  return candidates
    .map((candidate) => {
      const hostnames = getHostnames(candidate);
      return {
        candidate,
        nearness: Math.max(0, ...hostnames.map((hostname) => computeNearness(hostname, serverName))),
      };
    })
    .sort((a, b) => b.nearness - a.nearness)
    .map(({ candidate }) => candidate);
}

/** Infinite if the hostname covers the name, else the number of equal characters at both ends. */
function computeNearness(hostname: string, serverName: string | undefined): number {
  if (serverName === undefined) return hostname === ANY_HOSTNAME ? Number.POSITIVE_INFINITY : 0;
  if (hostname === ANY_HOSTNAME || covers(hostname, serverName)) return Number.POSITIVE_INFINITY;
  const most = Math.min(hostname.length, serverName.length);
  let equal = 0;
  while (equal < most && hostname.at(-1 - equal) === serverName.at(-1 - equal)) equal++;
  for (let index = 0; equal < most && hostname[index] === serverName[index]; index++) equal++;
  return equal;
}
