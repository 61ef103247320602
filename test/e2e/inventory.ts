/** Everything that a cluster holds, of every kind, by name: what is compared to know that something has left nothing. */
import type { Cluster } from "../support/cluster.ts";

/** They go by themselves after an hour, whoever made them; and what is made up at each reading. */
const PASSING = /^(events|componentstatuses)(\.|$)/;

/** `<resource> <namespace>/<name>` of every object. */
export async function inventory(cluster: Cluster): Promise<ReadonlySet<string>> {
  const resources = await cluster.kubectlOrThrow(["api-resources", "--verbs=list", "-o", "name"]);
  const kept = resources.split("\n").filter((resource) => resource !== "" && !PASSING.test(resource));
  if (kept.length < 30) throw new Error(`only ${kept.length} kinds are listed`);
  const columns = "custom-columns=:kind,:metadata.namespace,:metadata.name";
  const table = await cluster.kubectlOrThrow([
    "get",
    kept.join(","),
    "--all-namespaces",
    "--no-headers",
    "-o",
    columns,
  ]);
  return new Set(
    table
      .split("\n")
      .filter(Boolean)
      .map((line) => line.trim().replaceAll(/ +/g, " ")),
  );
}

/** What is there now and was not before. */
export async function addedSince(cluster: Cluster, before: ReadonlySet<string>): Promise<readonly string[]> {
  return [...(await inventory(cluster))].filter((object) => !before.has(object)).sort();
}
