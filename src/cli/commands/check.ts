/** `fsm-gateway check FILE…`: reads, judges, prints, and ends with what CI looks at. */
import { check } from "../../check/check.ts";
import { readDefinitions } from "../../check/definitions-file.ts";
import { findingLine, reportJson, summaryLine } from "../../check/finding.ts";
import type { Channel } from "../../check/schema/definitions.ts";
import { formatProblem, type ManifestText } from "../../standalone/manifests/parse.ts";
import { EXIT, UsageError } from "../exit.ts";
import { type ExternalHostsOptions, externalHostsPolicy } from "../external-hosts-options.ts";
import { readFiles } from "../files.ts";

export interface CheckOptions extends ExternalHostsOptions {
  readonly namespace: string;
  readonly channel: Channel;
  readonly strict: boolean;
  readonly output: "text" | "json";
}

export function runCheck(files: readonly string[], options: CheckOptions): void {
  const { namespace, channel, strict, output } = options;
  const texts: readonly ManifestText[] = readFiles(files);
  const definitions = readDefinitions();
  if (definitions === undefined) {
    throw new UsageError([
      "Gateway API's definitions are not there, and nothing was checked: make them by `npm run definitions`",
    ]);
  }
  const result = check({ texts, namespace, definitions, channel, externalHosts: externalHostsPolicy(options) });
  if ("problems" in result) throw new UsageError(result.problems.map(formatProblem));
  const { report } = result;
  if (output === "json") console.log(reportJson(report));
  else for (const line of [...report.findings.map(findingLine), summaryLine(report)]) console.log(line);
  const isBad = report.findings.some(({ severity }) => strict || severity === "error");
  process.exitCode = isBad ? EXIT.failed : EXIT.ok;
}
