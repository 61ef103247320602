/** Sets the heap sizes of the threads that the program starts. */
import { setFlagsFromString } from "node:v8";

/**
 * Maximum of each half of a thread's young space, in MiB. All of it stays resident after a configuration was applied. With 1 MiB,
 * fewer of 1,000 simultaneous connections succeeded.
 */
const WORKER_SEMI_SPACE_MIB = 2;

/**
 * Limits the young space of threads that are started after this call. The flag applies to the whole process, so that the command
 * sets it and not a library. It has precedence over a Worker's `resourceLimits`. V8 reads it when it creates a thread's heap.
 */
export function limitWorkerHeaps(): void {
  setFlagsFromString(`--max-semi-space-size=${WORKER_SEMI_SPACE_MIB}`);
}
