/** An engine that was asked for by name and cannot run here is a mistake to tell at once, before anything is started. */
import { type EngineChoice, engineProblem } from "../proxy/choose-engine.ts";
import { UsageError } from "./exit.ts";

export function usableEngine(choice: EngineChoice): EngineChoice {
  const problem = engineProblem(choice);
  if (problem !== undefined) throw new UsageError([`--engine ${choice}: cannot run here: ${problem}`]);
  return choice;
}
