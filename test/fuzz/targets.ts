/** Everything that is fuzzed, one line each. */
import { helloTarget } from "./hello-target.ts";
import { proxyHeaderTarget } from "./proxy-header-target.ts";
import type { FuzzTarget } from "./target.ts";

export const TARGETS: readonly FuzzTarget[] = [helloTarget, proxyHeaderTarget];
