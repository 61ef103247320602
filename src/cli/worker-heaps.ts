/** The heaps of threads that the program starts. */
import { setFlagsFromString } from "node:v8";

/**
 * Each half of a thread's young space, at most, in MiB. All of it stays resident once a configuration has come. With 1 MiB fewer of 1,000
 * connections at a time came through.
 */
const WORKER_SEMI_SPACE_MIB = 2;

/**
 * Limits the young space of threads that are started after this call. A flag of the whole process, so that the command sets it and no
 * library does: what the command line says goes before a Worker's `resourceLimits`. V8 reads the flag when it makes a thread's heap.
 */
export function limitWorkerHeaps(): void {
  setFlagsFromString(`--max-semi-space-size=${WORKER_SEMI_SPACE_MIB}`);
}
