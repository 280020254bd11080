// Programs that read secrets, `security` and `secret-tool`, played in a folder of PATH: they record what they are asked.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface PlayedStore {
  /** With the program in front of PATH. */
  readonly environment: Readonly<Record<string, string>>;
  /** Arguments of each call, joined by spaces. */
  readonly asked: () => readonly string[];
}

interface Answer {
  /** Printed by printf(1) without a line break of its own. */
  readonly stdout?: string;
  readonly stderr?: string;
  readonly code?: number;
  /** Never answers. */
  readonly hangs?: boolean;
}

export function playStore(
  program: 'security' | 'secret-tool',
  { stdout = '', stderr = '', code = 0, hangs = false }: Answer,
): PlayedStore {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const log = join(folder, 'asked');
  writeFileSync(join(folder, 'stdout'), stdout);
  writeFileSync(join(folder, 'stderr'), stderr);
  writeFileSync(
    join(folder, program),
    `#!/bin/sh
echo "$*" >> '${log}'
${hangs ? 'exec sleep 60' : ''}
cat '${folder}/stdout'
cat '${folder}/stderr' >&2
exit ${code}
`,
  );
  chmodSync(join(folder, program), 0o755);
  return {
    environment: { PATH: `${folder}:${process.env['PATH'] ?? ''}`, HOME: folder },
    asked: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
  };
}
