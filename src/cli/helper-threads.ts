/**
 * The threads in which V8 marks and sweeps for the others: they yield to those that serve.
 *
 * There are four of them, and while a large configuration changes all are busy. On few processors each would take as large a share as the
 * thread that serves, whose own pauses grow by as much. Nothing waits for their marking but memory.
 */
import { readdirSync, readFileSync } from "node:fs";
import { constants, getPriority, setPriority } from "node:os";
import type { Logger } from "../model/log.ts";

/** The name that Node gives them; the kernel keeps 15 characters of it. */
const HELPER = /V8Worker/;
const TASKS = "/proc/self/task";

/**
 * To be called once, early: the helpers are there from the start. On Linux alone, where a thread has a priority of its own. Priority
 * that is given away cannot be taken back without privilege.
 * @returns how many threads yield now.
 * @throws where the kernel refuses it.
 */
export function lowerHelperThreads(): number {
  if (process.platform !== "linux") return 0;
  const priority = Math.min(getPriority(0) + constants.priority.PRIORITY_BELOW_NORMAL, constants.priority.PRIORITY_LOW);
  const helpers = readdirSync(TASKS).filter((id) => HELPER.test(readFileSync(`${TASKS}/${id}/comm`, "utf8")));
  for (const id of helpers) setPriority(Number(id), priority);
  return helpers.length;
}

/** The same for a command, which serves also where a sandbox refuses it: with longer pauses. */
export function yieldingHelpers(log: Pick<Logger, "warn">): void {
  try {
    lowerHelperThreads();
  } catch (error) {
    log.warn("the helper threads of V8 keep their priority: pauses are longer while a large configuration changes", {
      error,
    });
  }
}
