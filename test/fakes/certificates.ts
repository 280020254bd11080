// Certificates made by the real openssl: an authority, and whoever it vouches for.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Pair {
  /** Paths of PEM files, 0600. */
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Pair {
  readonly folder: string;
  /** @param names as openssl writes them: `DNS:localhost,IP:127.0.0.1` */
  issue(file: string, names: string, days?: number): Pair;
  remove(): void;
}

/** In a folder of its own, 0700. */
export function createAuthority(): Authority {
  const folder = mkdtempSync(join(tmpdir(), 'mcpw-tls-'));
  const ca = pairIn(folder, 'ca');
  openssl([
    'req',
    '-x509',
    ...NEW_KEY,
    '-subj',
    '/CN=Test CA',
    '-days',
    '2',
    '-out',
    ca.cert,
    '-keyout',
    ca.key,
  ]);

  function issue(file: string, names: string, days = 2): Pair {
    const pair = pairIn(folder, file);
    const request = join(folder, `${file}.csr`);
    const extensions = join(folder, `${file}.ext`);
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    openssl(['req', '-new', ...NEW_KEY, '-subj', `/CN=${file}`, '-out', request, '-keyout', pair.key]);
    const signing = ['-CA', ca.cert, '-CAkey', ca.key, '-CAcreateserial', '-extfile', extensions];
    openssl(['x509', '-req', '-in', request, ...signing, '-days', String(days), '-out', pair.cert]);
    return pair;
  }
  return { folder, ...ca, issue, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function pairIn(folder: string, file: string): Pair {
  return { cert: join(folder, `${file}.pem`), key: join(folder, `${file}.key`) };
}

function openssl(args: readonly string[]): void {
  // What openssl writes must not be open to others, whatever the umask of who runs the tests.
  execFileSync('/bin/sh', ['-c', 'umask 077; exec openssl "$@"', 'sh', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}
