/** Does what the schedule says is due, from what is held to what should be held. Makes keys; stores nothing. */
import { createAuthority, issueServing } from "./issue.ts";
import { dueNow, type HeldCertificates, trustedAfter } from "./schedule.ts";

/** Each step leads to a later one: five are more than there can be. */
const MAX_STEPS = 5;

/** The same object when nothing is due. @throws when steps do not come to an end, which would be a defect. */
export async function advance(
  held: HeldCertificates | undefined,
  dnsNames: readonly string[],
  now: Date,
): Promise<HeldCertificates> {
  let current = held;
  for (let step = 0; step < MAX_STEPS; step++) {
    const stepped = await takeStep(current, dnsNames, now);
    if (stepped === current) return stepped;
    current = stepped;
  }
  throw new Error("the schedule of certificates does not come to an end");
}

async function takeStep(
  held: HeldCertificates | undefined,
  dnsNames: readonly string[],
  now: Date,
): Promise<HeldCertificates> {
  const due = dueNow(held, dnsNames, now);
  if (held === undefined || due === "everything") {
    const authority = await createAuthority(now);
    const serving = await issueServing(authority, dnsNames, now);
    return { authority, serving, trusted: [authority.certificate] };
  }
  switch (due) {
    case "next-authority":
      return retrusted({ ...held, next: await createAuthority(now) }, now);
    case "promotion": {
      const { next, ...rest } = held;
      return next === undefined ? held : retrusted({ ...rest, authority: next }, now);
    }
    case "serving":
      return { ...held, serving: await issueServing(held.authority, dnsNames, now) };
    case "trust":
      return retrusted(held, now);
    case "nothing":
      return held;
  }
}

function retrusted(held: HeldCertificates, now: Date): HeldCertificates {
  return { ...held, trusted: trustedAfter(held, now) };
}
