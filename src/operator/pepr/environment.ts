/**
 * Pepr is set up by environment variables which it reads when it is imported: this sets them, so it must run before the first
 * `import("pepr")` of the process. Everything here answers to one line of Pepr 1.1.4.
 */

/**
 * The last part of the webhook's path. Pepr wants a secret there, made at build time and printed in its manifest; ours is a
 * constant, since an answer of ours changes nothing and tells only what the rules say (docs/decisions/011).
 */
export const ADMISSION_PATH_TOKEN = "fsm-gateway";

/** The path under which Pepr serves validation. */
export const ADMISSION_PATH = `/validate/${ADMISSION_PATH_TOKEN}`;

const A_DAY_SECONDS = 86_400;

export function preparePeprEnvironment(environment: NodeJS.ProcessEnv): void {
  // The only switch for admission and watches in one process.
  environment.PEPR_MODE = "dev";
  environment.PEPR_WATCH_MODE = "false";
  environment.PEPR_API_PATH = ADMISSION_PATH_TOKEN;
  // Otherwise Pepr removes every listener of the process's warnings.
  environment.PEPR_NODE_WARNINGS = "true";
  // Watches that fail are retried for good; Pepr's five times end the process when an API server is away for half a minute.
  environment.PEPR_RESYNC_FAILURE_MAX = String(Number.MAX_SAFE_INTEGER);
  // A list of Pepr's has no pages, is printed for a debug line that nobody reads, and by default comes every five minutes in which
  // nothing happens. The informers know what a watch has missed; the API server ends one after an hour at most, which lists too.
  environment.PEPR_RELIST_INTERVAL_SECONDS = String(A_DAY_SECONDS);
  environment.PEPR_LAST_SEEN_LIMIT_SECONDS = String(A_DAY_SECONDS);
  // A queue for each kind: Pepr keeps the queues of deleted objects for ever.
  environment.PEPR_RECONCILE_STRATEGY = "kind";
  // Until its log is led into ours.
  environment.LOG_LEVEL = "warn";
}
