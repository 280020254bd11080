// Whether npm is there and runs: it installs the servers that are packages.
import { findNpm } from '../../packages/npm/npm-command.ts';
import { type Check, ok, problem, warning } from '../check.ts';

/** The oldest whose flags are the ones that are used. */
const OLDEST = 10;

export const npm: Check = {
  id: 'npm',
  title: 'npm',
  async run({ node, env, config, run }) {
    const isNeeded =
      config.kind === 'valid' && config.loaded.servers.some(({ source }) => source.kind === 'package');
    const path = findNpm(node.path, env['PATH'] ?? '');
    if (path === null) {
      if (!isNeeded) return [ok('not found, and not needed: no server is a package')];
      return [
        problem(
          'not found, so that no package can be installed',
          'install npm, it comes with Node from nodejs.org',
        ),
      ];
    }
    const { code, stdout, stderr, spawnError } = await run([node.path, path, '--version']);
    const version = stdout.trim().split('\n').at(-1) ?? '';
    if (code !== 0 || !/^\d+\./u.test(version)) {
      const why = spawnError ?? (stderr.trim().split('\n').at(-1) || `exit code ${code ?? 'none'}`);
      return [problem(`${path} does not run: ${why}`, 'install Node again, npm comes with it')];
    }
    if (Number.parseInt(version, 10) < OLDEST)
      return [warning(`${version} (${path}) is older than ${OLDEST}`, 'npm install -g npm@10')];
    return [ok(`${version} (${path})`)];
  },
};
