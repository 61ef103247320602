/**
 * A bill of materials in CycloneDX 1.6 (ECMA-424), as JSON. Owns the format and nothing of what is in an image. Pure: equal parts give
 * equal bytes, so that there is no time in it, and its serial number comes from its content.
 */
import { createHash } from "node:crypto";

/** Something that the image holds. */
export interface Component {
  readonly type: "library" | "framework" | "platform" | "data";
  readonly name: string;
  readonly version: string;
  /** Package URL: what scanners go by. Unique in the bill. */
  readonly purl: string;
  readonly cpe?: string;
  /** SPDX expression, or whatever words the package has for it. */
  readonly license?: string;
  /** Of the package as it was published. */
  readonly hash?: { readonly algorithm: "SHA-256" | "SHA-512"; readonly hex: string };
  /** What was built into it. */
  readonly components?: readonly Component[];
  /** Package URLs of others in the bill that it needs. */
  readonly needs?: readonly string[];
}

export interface Bill {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** By what the image is known: its reference and the digest of its index. */
  readonly image: { readonly reference: string; readonly digest: string };
  readonly components: readonly Component[];
  /** Package URLs of what the program itself needs. */
  readonly needs: readonly string[];
}

/** @throws Error when two components have one package URL, or one needs what is not there. */
export function cycloneDx({ name, version, license, image, components, needs }: Bill): string {
  const root = `${name}@${version}`;
  const known = new Set(components.map(({ purl }) => purl));
  if (known.size !== components.length) throw new Error("two components of the bill have one package URL");
  const dependencies = [
    { ref: root, dependsOn: [...needs].sort() },
    ...components.map((component) => ({ ref: component.purl, dependsOn: [...(component.needs ?? [])].sort() })),
  ];
  const missing = dependencies.flatMap(({ dependsOn }) => dependsOn).find((purl) => !known.has(purl));
  if (missing !== undefined) throw new Error(`the bill lacks what something in it needs: ${missing}`);
  const body = {
    version: 1,
    metadata: {
      lifecycles: [{ phase: "build" }],
      component: {
        type: "container",
        "bom-ref": root,
        name,
        version,
        licenses: licensesOf(license),
        properties: [
          { name: "fsm-gateway:image", value: image.reference },
          { name: "fsm-gateway:image-digest", value: image.digest },
        ],
      },
    },
    components: components.map(componentOf),
    dependencies,
  };
  const serialNumber = `urn:uuid:${uuidOf(JSON.stringify(body))}`;
  const document = { bomFormat: "CycloneDX", specVersion: "1.6", serialNumber, ...body };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function componentOf({ type, name, version, purl, cpe, license, hash, components }: Component): object {
  return {
    type,
    "bom-ref": purl,
    name,
    version,
    ...(hash !== undefined && { hashes: [{ alg: hash.algorithm, content: hash.hex }] }),
    ...(license !== undefined && { licenses: licensesOf(license) }),
    ...(cpe !== undefined && { cpe }),
    purl,
    ...(components !== undefined && { components: components.map(componentOf) }),
  };
}

/** An identifier alone is an expression too (SPDX, annex D). Words that are none are a licence's name. */
function licensesOf(license: string): readonly object[] {
  const isExpression = /^[-A-Za-z0-9.+() ]+$/.test(license) && !/^see /i.test(license);
  return isExpression ? [{ expression: license }] : [{ license: { name: license } }];
}

/** A UUID of version 8 (RFC 9562, section 5.8): its bits are the content's. */
function uuidOf(text: string): string {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
