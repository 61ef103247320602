/** SIGTERM and SIGINT as a promise; the second signal ends the process at once, as people expect of Ctrl-C. */
import { EXIT } from "./exit.ts";

export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let signalled = false;
    const onSignal = (signal: NodeJS.Signals) => {
      if (signalled) process.exit(EXIT.failed);
      signalled = true;
      resolve(signal);
    };
    process.on("SIGTERM", onSignal);
    process.on("SIGINT", onSignal);
  });
}
