/**
 * CEL as the API server speaks it: the standard, the strings extension, and those functions of Kubernetes' own libraries that
 * Gateway API's rules use. A rule that uses another function does not compile, which the caller must not pass over.
 */
import { isIP } from "node:net";
import { type CelEnv, CelScalar, celEnv, celFunc, celMethod, listType } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { dnsNameProblem } from "../../admission/dns-name.ts";

const { BOOL, DYN, STRING } = CelScalar;

export function kubernetesEnvironment(): CelEnv {
  return celEnv({
    variables: { self: DYN },
    funcs: [
      ...strings,
      celFunc("isIP", [STRING], BOOL, isPlainAddress),
      // A format is a value of a type of its own; its name stands for it here.
      celFunc("format.dns1123Label", [], STRING, () => "dns1123Label"),
      // An optional list in Kubernetes. XBackend's rule compares it with null, which an optional never equals (cel-go,
      // types.Equal): the API server refuses every port name there, and so does a list, which is never null either.
      celMethod("validate", STRING, [STRING], listType(STRING), labelErrors),
    ],
  });
}

/** As Go's netip has it, and neither with a zone nor an IPv4 address in IPv6 (Kubernetes CEL, IP library). */
function isPlainAddress(text: string): boolean {
  return isIP(text) !== 0 && !text.includes("%") && !/^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(text);
}

function labelErrors(text: string): string[] {
  const problem = text.includes(".") ? "has dots" : dnsNameProblem(text);
  return problem === undefined ? [] : [problem];
}
