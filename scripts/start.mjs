// `npm start`: from a fresh clone to a supervised server, in one command.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, checkNode, install, root } from './setup.mjs';

checkNode();
install();
// Whoever starts it does not work on it: what the compiler would say of the types waits for the check.
await build({ isChecked: false });
const cli = join(root, 'dist', 'cli.js');
// In this very process: Ctrl-C reaches the daemon itself, and no launcher stays in memory.
process.argv = [process.execPath, cli, 'run', '--init', ...process.argv.slice(2)];
await import(pathToFileURL(cli).href);
