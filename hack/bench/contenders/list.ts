/** Who takes part: fetches the peers that are asked for, and asks our own command what it can do. */
import { MissingPrerequisite } from "../../image/environment.ts";
import type { Architecture } from "../../image/layout.ts";
import { debianPeers } from "../peers/debian-peers.ts";
import { envoyPeer } from "../peers/envoy.ts";
import type { Gap } from "../results.ts";
import { BEFORE, CONTENDER_NAMES, type Contender, type ContenderName, isBefore } from "./contender.ts";
import { envoyContender } from "./envoy.ts";
import { loggingContender, standaloneContender } from "./fsm.ts";
import { type EngineName, type FsmCommand, type FsmVariant, fsmCommand } from "./fsm-command.ts";
import { streamContender } from "./fsm-stream.ts";
import { haproxyContenders } from "./haproxy.ts";
import { nginxContender } from "./nginx.ts";
import { sniproxyContender } from "./sniproxy.ts";

export interface Field {
  readonly contenders: readonly Contender[];
  readonly gaps: readonly Gap[];
}

const FROM_DEBIAN: readonly ContenderName[] = ["haproxy", "haproxy-tuned", "nginx", "sniproxy"];
interface Ours {
  readonly name: ContenderName;
  readonly engine: EngineName;
  readonly command: "run" | "proxy";
  make(variant: FsmVariant): Contender;
}

const OURS: readonly Ours[] = [
  { name: "fsm-portable", engine: "portable", command: "run", make: standaloneContender },
  { name: "fsm-linux", engine: "linux", command: "run", make: standaloneContender },
  { name: "fsm-portable-logged", engine: "portable", command: "run", make: loggingContender },
  { name: "fsm-portable-stream", engine: "portable", command: "proxy", make: streamContender },
  { name: "fsm-linux-stream", engine: "linux", command: "proxy", make: streamContender },
  { name: BEFORE["fsm-portable"], engine: "portable", command: "run", make: standaloneContender },
  { name: BEFORE["fsm-linux"], engine: "linux", command: "run", make: standaloneContender },
];

/** Files of the `fsm-gateway` commands to measure. */
export interface Programs {
  readonly program: string;
  /** The one that the contenders of `BEFORE` run; undefined: none of them is wanted. */
  readonly before: string | undefined;
}

/** Throws MissingPrerequisite where a peer that is wanted cannot be had. */
export function contendersFor(
  wanted: readonly ContenderName[],
  { program, before }: Programs,
  notice: (line: string) => void,
): Field {
  const some = (names: readonly ContenderName[]) => names.some((name) => wanted.includes(name));
  const found: Contender[] = [];
  const gaps: Gap[] = [];
  if (some(FROM_DEBIAN)) {
    const peers = debianPeers(architecture(), notice);
    found.push(...haproxyContenders(peers), nginxContender(peers), sniproxyContender(peers));
  }
  if (some(["envoy"])) found.push(envoyContender(envoyPeer()));
  const ours = OURS.filter(({ name }) => wanted.includes(name));
  for (const [file, isOfFile] of [
    [program, (name: ContenderName) => !isBefore(name)],
    [before, isBefore],
  ] as const) {
    const theirs = ours.filter(({ name }) => isOfFile(name));
    if (file === undefined || theirs.length === 0) continue;
    const command = fsmCommand(file);
    for (const each of theirs) {
      const made = makeOurs(each, command);
      if (typeof made === "string") gaps.push({ scenario: undefined, contender: each.name, why: made });
      else found.push(made);
    }
  }
  const chosen = found.filter(({ name }) => wanted.includes(name));
  const place = ({ name }: Contender) => CONTENDER_NAMES.indexOf(name);
  return { contenders: chosen.sort((a, b) => place(a) - place(b)), gaps };
}

/** Or why it cannot take part. */
function makeOurs(
  { name, engine, command, make }: Ours,
  { program, version, engineFlags }: FsmCommand,
): Contender | string {
  const flags = engineFlags(command, engine);
  if (flags === undefined) return `\`fsm-gateway ${command}\` has no --engine in this version`;
  return make({ program, name, engine, version, flags });
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
