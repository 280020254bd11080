// `npm run bench`: installs the peers that bench/ compares with, then measures side by side.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build, checkNode, install, root, run, say } from './setup.mjs';

checkNode();
install();
await build();
const bench = join(root, 'bench');
if (!existsSync(join(bench, 'node_modules'))) {
  say('Installing the peers…');
  run(
    ['npm'],
    ['ci', '--prefix', bench, '--no-audit', '--no-fund', '--loglevel=error'],
    'Cannot install the peers',
    'Check the network.',
  );
}
process.exit(
  spawnSync(process.execPath, [join(bench, 'run.mjs'), ...process.argv.slice(2)], {
    cwd: root,
    stdio: 'inherit',
  }).status ?? 1,
);
