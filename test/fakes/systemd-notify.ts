// A systemd-notify that only writes down what it was given, and takes as long as a test wants.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface FakeNotify {
  /** For PATH. */
  readonly path: string;
  /** The words of each call, oldest first. */
  readonly told: () => string[][];
  /** Whether two were ever at work at once. */
  readonly overlapped: () => boolean;
  readonly environment: () => string;
}

/** @param seconds how long each call takes */
export function fakeSystemdNotify(seconds = 0): FakeNotify {
  const folder = mkdtempSync(join(tmpdir(), 'mcpw-notify-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const script = `#!/bin/sh
cd '${folder}'
mkdir lock 2>/dev/null || : >overlap
env >environment
line=
for word; do line="$line$word|"; done
echo "$line" >>told
[ ${seconds} = 0 ] || sleep ${seconds}
rmdir lock
`;
  writeFileSync(join(folder, 'systemd-notify'), script, { mode: 0o755 });
  const read = (name: string): string =>
    existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '';
  return {
    path: `${folder}:/usr/bin:/bin`,
    told: () =>
      read('told')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split('|').slice(0, -1)),
    overlapped: () => existsSync(join(folder, 'overlap')),
    environment: () => read('environment'),
  };
}
