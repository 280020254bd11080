// `npm run compat`: real servers from the registry under the watchdog, one row each; see bench/compat/run.mjs.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build, checkNode, install, root } from './setup.mjs';

checkNode();
install();
await build();
const { status } = spawnSync(
  process.execPath,
  [join(root, 'bench', 'compat', 'run.mjs'), ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);
