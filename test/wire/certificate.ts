/**
 * A throwaway certificate for the backends of tests.
 */
import { createAuthority, issueServing } from "../../src/operator/certificates/issue.ts";

export async function certificateFor(...names: string[]): Promise<{ cert: string; key: string; ca: string }> {
  const now = new Date();
  const authority = await createAuthority(now);
  const { certificate, key } = await issueServing(authority, names, now);
  return { cert: certificate, key, ca: authority.certificate };
}
