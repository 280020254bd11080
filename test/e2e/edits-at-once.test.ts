// Commands that edit one config at the same time, as a script with `&` and two terminals do.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { missingHome, tempHome } from '../fakes/temp-home.ts';
import { CLI } from './daemon.ts';

const NAMES = Array.from({ length: 6 }, (_, index) => `s${index}`);
const execute = promisify(execFile);

it.each(['a config', 'a first config'])('add to %s by several processes loses none', async (what) => {
  const { home, config } = what === 'a config' ? tempHome() : missingHome();
  if (what === 'a config') writeFileSync(config, '# mine\nservers: {}\n', { mode: 0o600 });
  // One that exits with another code than 0 rejects.
  await Promise.all(
    NAMES.map((name) =>
      execute(process.execPath, [CLI, '--home', home, 'add', name, '--', 'node', `${name}.js`]),
    ),
  );
  const text = readFileSync(config, 'utf8');
  for (const name of NAMES) expect(text).toContain(`  ${name}:\n    command: [node, ${name}.js]\n`);
});
