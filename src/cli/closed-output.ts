/**
 * What becomes of a command when nobody reads its output any more, as behind `| head`. Node ignores SIGPIPE, so a write fails with
 * EPIPE, which would end the process with a stack.
 */
import { EXIT } from "./exit.ts";

/** `end`: quietly, by the exit code that a shell shows for it. `go_on`: what is written is lost. */
export function whenOutputCloses(then: "end" | "go_on"): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      if (then === "end") process.exit(EXIT.outputClosed);
    });
  }
}
