/**
 * Pepr reads its key and certificate from files, once, while it starts. They are written for that moment, readable by this
 * process's user alone, and gone before the function returns; in a pod the folder lies in memory.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** PEM. */
export interface ServingCertificate {
  /** The certificate, and intermediates if any. */
  readonly certificate: string;
  readonly key: string;
}

export function withKeyFiles<T>({ certificate, key }: ServingCertificate, start: () => T): T {
  const folder = mkdtempSync(join(tmpdir(), "fsm-gateway-"));
  const [keyPath, certificatePath] = [join(folder, "tls.key"), join(folder, "tls.crt")];
  try {
    writeFileSync(keyPath, key, { mode: 0o600 });
    writeFileSync(certificatePath, certificate, { mode: 0o600 });
    process.env.SSL_KEY_PATH = keyPath;
    process.env.SSL_CERT_PATH = certificatePath;
    return start();
  } finally {
    rmSync(folder, { recursive: true, force: true });
    delete process.env.SSL_KEY_PATH;
    delete process.env.SSL_CERT_PATH;
  }
}
