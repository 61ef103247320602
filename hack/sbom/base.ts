/** What the image holds besides the bundle, as components: node with what is built into it, Debian's libraries, Gateway API's definitions. */
import type { Component } from "./cyclonedx.ts";

/** Entries of `process.versions` that are no software of others. */
const NOT_SOFTWARE: ReadonlySet<string> = new Set(["node", "modules", "napi"]);

export interface NodeRelease {
  readonly version: string;
  readonly architecture: string;
  /** `process.versions` of a node of that version. */
  readonly versions: Readonly<Record<string, string | undefined>>;
}

export function nodeComponent({ version, architecture, versions }: NodeRelease): Component {
  if (versions.node !== version) throw new Error(`node ${versions.node} cannot say what is built into ${version}`);
  const parts = Object.entries(versions).flatMap(([name, part]): Component[] =>
    part === undefined || part === "" || NOT_SOFTWARE.has(name)
      ? []
      : // One image has one node for each architecture, and each has these parts.
        [{ type: "library", name, version: part, purl: generic(name, part, architecture) }],
  );
  return {
    type: "platform",
    name: "node",
    version,
    purl: generic("node", version, architecture),
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    license: "MIT",
    components: parts,
  };
}

function generic(name: string, version: string, architecture: string): string {
  return `pkg:generic/${name}@${encodeURIComponent(version)}?arch=${architecture}`;
}

/** `control`: a Debian package's control fields; `distribution` as in `debian-12`. @throws Error when they lack one that is needed. */
export function debianComponent(control: string, distribution: string): Component {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(control)?.[1];
  const [name, version, architecture] = [field("Package"), field("Version"), field("Architecture")];
  if (name === undefined || version === undefined || architecture === undefined) {
    throw new Error("the control fields of a Debian package lack its name, version or architecture");
  }
  // "glibc", or "glibc (2.36-9)" where the source has a version of its own. Advisories speak of sources.
  const source = field("Source")?.split(" ")[0];
  const upstream = source === undefined || source === name ? "" : `&upstream=${encodeURIComponent(source)}`;
  const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?arch=${architecture}&distro=${distribution}${upstream}`;
  return { type: "library", name, version, purl };
}

/** `goMod`: the text of the go.mod that pins the module. */
export function gatewayApiComponent(goMod: string): Component {
  const version = /^require sigs\.k8s\.io\/gateway-api (\S+)$/m.exec(goMod)?.[1];
  if (version === undefined) throw new Error("go.mod does not pin sigs.k8s.io/gateway-api");
  return {
    type: "data",
    name: "sigs.k8s.io/gateway-api",
    version,
    purl: `pkg:golang/sigs.k8s.io/gateway-api@${version}`,
    license: "Apache-2.0",
  };
}
