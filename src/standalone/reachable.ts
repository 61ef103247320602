/** At which addresses clients reach this machine, given what was bound. */
import { networkInterfaces } from "node:os";

const WILDCARDS = new Set(["0.0.0.0", "::"]);

/** What was bound itself; for "all addresses", those of the machine's interfaces, or loopback where it has no other. */
export function reachableAddresses(bound: readonly string[] | undefined): readonly string[] {
  const given = (bound ?? ["0.0.0.0", "::"]).filter((address) => !WILDCARDS.has(address));
  if (given.length > 0) return given;
  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    // Link-local addresses need a zone that a status cannot carry.
    .filter(({ internal, address }) => !internal && !address.startsWith("fe80:"))
    .map(({ address }) => address);
  return outside.length > 0 ? outside : ["127.0.0.1"];
}
