/**
 * CEL as the API server speaks it: the standard, the strings extension, and those functions of Kubernetes' own libraries that
 * Gateway API's rules use. A rule that uses another function does not compile, which the caller must not pass over.
 */
import { type CelEnv, CelScalar, celEnv, celFunc, celMethod, listType } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { dnsNameProblem } from "../../admission/dns-name.ts";
import { isIpv4, parseIpAddress } from "../../net/ip-address.ts";

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

/** Parses addresses as Go's netip does. Zones and IPv4 addresses in IPv6 are not allowed (Kubernetes CEL, IP library). */
function isPlainAddress(text: string): boolean {
  const address = parseIpAddress(text);
  return address !== undefined && !(text.includes(":") && isIpv4(address));
}

function labelErrors(text: string): string[] {
  const problem = text.includes(".") ? "has dots" : dnsNameProblem(text);
  return problem === undefined ? [] : [problem];
}
