/** A logger for tests that says nothing. */
import type { Logger } from "../model/log.ts";

const ignore = (): void => undefined;

export const SILENT: Logger = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  child: () => SILENT,
};
