/**
 * What the bench wants to know of a contender: how it is configured, started, and told of a new route. Types alone.
 */
import type { Address, Route } from "../world.ts";

export const CONTENDER_NAMES = [
  "direct",
  "haproxy",
  "haproxy-tuned",
  "nginx",
  "sniproxy",
  "envoy",
  "fsm-portable",
  "fsm-linux",
  "fsm-portable-logged",
  "fsm-portable-stream",
  "fsm-linux-stream",
  "fsm-portable-before",
  "fsm-linux-before",
] as const;

export type ContenderName = (typeof CONTENDER_NAMES)[number];

/** Contenders that another checkout's command can run as, too, and the name that it has then. */
export const BEFORE = {
  "fsm-portable": "fsm-portable-before",
  "fsm-linux": "fsm-linux-before",
} as const satisfies Partial<Record<ContenderName, ContenderName>>;

/** Contenders of this checkout, and those that others made. */
export const WITHOUT_BEFORE = CONTENDER_NAMES.filter((name) => !isBefore(name));

export function isBefore(name: ContenderName): boolean {
  return Object.values<ContenderName>(BEFORE).includes(name);
}

/** Where one start of a contender lives: its folder, where it listens, what it must know. */
export interface Site {
  readonly folder: string;
  readonly listen: Address;
  readonly routes: readonly Route[];
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface Contender {
  readonly name: ContenderName;
  /** For people, with the version. */
  readonly title: string;
  /** How it is configured, in a sentence. */
  readonly setting: string;
  /**
   * Why it does not take part in a scenario, for the report; empty where nobody would look for it; undefined where it does
   * take part.
   */
  absence?(scenario: { readonly id: string; readonly routes: number }): string | undefined;
  /** Writes the configuration into the folder of the site, and says what to run. */
  configure(site: Site): Command | Promise<Command>;
  /** Ends what `configure` has started beside the command. */
  release?(site: Site): void;
  readonly change: RouteChange;
}

/** How a running contender takes up one more route. `pid` is that of the started process; `site` is as configured before. */
export interface RouteChange {
  /** The quickest way it has. */
  readonly addRoute: Means;
  /** Reading its whole configuration anew, where that is another way. */
  readonly reload?: Means;
}

export interface Means {
  /** In a few words. */
  readonly how: string;
  /** What need not be timed: writing files that nobody looks at yet. */
  prepare?(site: Site, route: Route): void;
  /** Resolves when it is told; that it serves the route may come later. */
  apply(site: Site, route: Route, pid: number): void | Promise<void>;
}
