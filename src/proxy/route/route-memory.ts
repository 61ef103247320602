/**
 * Remembers what prospects were found for, because most connections are to few names and finding one takes several look-ups
 * in large maps.
 *
 * State of whoever decides, apart from the table: it forgets everything when the table is another one.
 */
import { type Prospect, prospectOf } from "./prospect.ts";
import { EMPTY_TABLE, type RouteTable } from "./route-table.ts";

/** As many names of a port as routes have hostnames, and at least so many; then it begins anew, so that nobody can fill the memory with names. */
const FEWEST_REMEMBERED = 1_024;

export class RouteMemory {
  #table: RouteTable = EMPTY_TABLE;
  /** By port. */
  #names = new Map<number, Map<string | undefined, Prospect>>();

  /** `prospectOf`, but for what is remembered. */
  prospect(table: RouteTable, port: number, serverName: string | undefined): Prospect {
    if (table !== this.#table) {
      this.#table = table;
      this.#names = new Map();
    }
    const names = this.#ofPort(port);
    const known = names.get(serverName);
    if (known !== undefined) return known;
    const prospect = prospectOf(table, port, serverName);
    if (names.size >= Math.max(table.routeNames.size, FEWEST_REMEMBERED)) names.clear();
    names.set(serverName, prospect);
    return prospect;
  }

  #ofPort(port: number): Map<string | undefined, Prospect> {
    const known = this.#names.get(port);
    if (known !== undefined) return known;
    const names = new Map<string | undefined, Prospect>();
    this.#names.set(port, names);
    return names;
  }
}
