/** Options that define where the operator reads Secrets and ConfigMaps. The chart's `terminate`, `certificates` and `watchNamespaces` set them. */
import { Command } from "commander";
import type { ReadScope } from "../operator/explain/operator-rights.ts";
import { parseBoolean, parseNamespaces, watchNamespacesOption } from "./options.ts";

interface ReadScopeOptions {
  readonly terminate: boolean;
  readonly certificateNamespaces?: ReadonlySet<string>;
  readonly watchNamespaces?: ReadonlySet<string>;
}

export function addReadScopeOptions(command: Command): Command {
  return command
    .addOption(watchNamespacesOption())
    .option(
      "--terminate <boolean>",
      "serve listeners that terminate TLS; false: their conditions say that they are not served, and no Secrets are read",
      parseBoolean,
      true,
    )
    .option(
      "--certificate-namespaces <names>",
      "Namespaces of Secrets and ConfigMaps, separated by commas; no others are read (default: all)",
      parseNamespaces,
    );
}

/** Reads the options from the arguments of another process, the operator. Ignores other options. */
export function readScopeFromArguments(args: readonly string[]): ReadScope {
  const command = new Command().allowUnknownOption().allowExcessArguments().exitOverride();
  const { terminate, certificateNamespaces, watchNamespaces } = addReadScopeOptions(command)
    .configureOutput({ writeErr: () => undefined })
    .parse([...args], { from: "user" })
    .opts<ReadScopeOptions>();
  return { terminate, namespaces: certificateNamespaces ?? watchNamespaces };
}
