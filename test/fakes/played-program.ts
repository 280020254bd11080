// A program of macOS in front of PATH for one test: replays a text and records what it was asked.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface PlayedProgram {
  /** What it was called with, one call each: `LC_ALL` then the arguments. */
  readonly asked: () => readonly string[];
}

interface Play {
  /** `{pid}` and `{uid}` stand for this process and this user. */
  readonly stdout?: string;
  readonly stderr?: string;
  readonly status?: number;
  /** Lines of sh that run before it answers. */
  readonly script?: string;
}

export function playProgram(
  name: string,
  { stdout = '', stderr = '', status = 0, script = '' }: Play,
): PlayedProgram {
  const folder = mkdtempSync(join(tmpdir(), 'played-'));
  const log = join(folder, 'asked');
  const text = stdout
    .replaceAll('{pid}', String(process.pid))
    .replaceAll('{uid}', String(process.getuid?.() ?? 0));
  writeFileSync(join(folder, 'stdout'), text);
  writeFileSync(join(folder, 'stderr'), stderr);
  writeFileSync(
    join(folder, name),
    `#!/bin/sh
echo "$LC_ALL $*" >> '${log}'
${script}
cat '${folder}/stdout'
cat '${folder}/stderr' >&2
exit ${status}
`,
  );
  chmodSync(join(folder, name), 0o755);
  const path = process.env['PATH'];
  process.env['PATH'] = `${folder}:${path ?? ''}`;
  onTestFinished(() => {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    asked: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n') : []),
  };
}
