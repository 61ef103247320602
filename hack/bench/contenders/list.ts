/** Who takes part: fetches the peers that are asked for, and asks our own command what it can do. */
import { MissingPrerequisite } from "../../image/environment.ts";
import type { Architecture } from "../../image/layout.ts";
import { debianPeers } from "../peers/debian-peers.ts";
import { envoyPeer } from "../peers/envoy.ts";
import type { Gap } from "../results.ts";
import { CONTENDER_NAMES, type Contender, type ContenderName } from "./contender.ts";
import { envoyContender } from "./envoy.ts";
import { fsmContenders } from "./fsm.ts";
import { haproxyContenders } from "./haproxy.ts";
import { nginxContender } from "./nginx.ts";
import { sniproxyContender } from "./sniproxy.ts";

export interface Field {
  readonly contenders: readonly Contender[];
  readonly gaps: readonly Gap[];
}

const FROM_DEBIAN: readonly ContenderName[] = ["haproxy", "haproxy-tuned", "nginx", "sniproxy"];
const OURS: readonly ContenderName[] = ["fsm-portable", "fsm-linux", "fsm-portable-logged"];

/** Throws MissingPrerequisite where a peer that is wanted cannot be had. */
export function contendersFor(wanted: readonly ContenderName[], notice: (line: string) => void): Field {
  const some = (names: readonly ContenderName[]) => names.some((name) => wanted.includes(name));
  const found: Contender[] = [];
  const gaps: Gap[] = [];
  if (some(FROM_DEBIAN)) {
    const peers = debianPeers(architecture(), notice);
    found.push(...haproxyContenders(peers), nginxContender(peers), sniproxyContender(peers));
  }
  if (some(["envoy"])) found.push(envoyContender(envoyPeer()));
  if (some(OURS)) {
    for (const { name, contender } of fsmContenders()) {
      if (typeof contender !== "string") found.push(contender);
      else if (wanted.includes(name)) gaps.push({ scenario: undefined, contender: name, why: contender });
    }
  }
  const chosen = found.filter(({ name }) => wanted.includes(name));
  const place = ({ name }: Contender) => CONTENDER_NAMES.indexOf(name);
  return { contenders: chosen.sort((a, b) => place(a) - place(b)), gaps };
}

function architecture(): Architecture {
  if (process.platform !== "linux") throw new MissingPrerequisite(`Linux is needed (this is ${process.platform})`);
  switch (process.arch) {
    case "x64":
      return "amd64";
    case "arm64":
      return "arm64";
    default:
      throw new MissingPrerequisite(`there are no peers for ${process.arch}`);
  }
}
