/**
 * Which of a listener's certificates a client is shown. Pure.
 */
import type { LoadedCertificate } from "./load-pem.ts";

/**
 * The first that fits the server name, with the first of each other kind of key that fits too, so that OpenSSL can show
 * ECDSA to whom it will do and RSA to the rest; else the first of all. Empty only if `certificates` is.
 */
export function chooseCertificates(
  certificates: readonly LoadedCertificate[],
  serverName: string | undefined,
): readonly LoadedCertificate[] {
  // By far the most listeners have one: its names need not be looked at.
  if (certificates.length <= 1) return certificates;
  const fitting = certificates.filter(
    ({ leaf }) => serverName !== undefined && leaf.checkHost(serverName) !== undefined,
  );
  if (fitting.length === 0) return certificates.slice(0, 1);
  return fitting.filter(({ keyType }, index) => fitting.findIndex((other) => other.keyType === keyType) === index);
}
