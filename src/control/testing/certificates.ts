/** A throwaway CA for tests and certificates of its making, by the operator's own code. */
import { createAuthority, issueServing } from "../../operator/certificates/issue.ts";
import type { ServerCertificate } from "../server/http2-endpoint.ts";

export const SERVER_NAME = "operator.test";

export interface TestCa {
  /** PEM. */
  readonly cert: string;
  issue(dnsName?: string): Promise<ServerCertificate>;
}

export async function createTestCa(): Promise<TestCa> {
  const now = new Date();
  const authority = await createAuthority(now);
  return {
    cert: authority.certificate,
    async issue(dnsName = SERVER_NAME) {
      const { certificate: cert, key } = await issueServing(authority, [dnsName], now);
      return { cert, key };
    },
  };
}
