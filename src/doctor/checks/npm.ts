// Check of npm, which installs the servers that are packages.
import { isPackage } from '../../core/model/server-spec.ts';
import { npmManager } from '../../packages/npm/npm-manager.ts';
import { type Check, ok, problem, warning } from '../check.ts';

/** Oldest major with all the flags that we use. */
const OLDEST = 10;

export const npm: Check = {
  id: 'npm',
  title: 'npm',
  async run({ node, env, config, run }) {
    const isNeeded =
      config.kind === 'valid' &&
      config.loaded.servers.filter(isPackage).some(({ source }) => source.manager === npmManager.name);
    const tool = await npmManager.tool({ runtime: node.path, environment: env, run });
    if (tool.kind === 'missing') {
      if (!isNeeded) return [ok('not found, but not needed: no server is a package')];
      return [
        problem('not found: no package can be installed', 'install npm, it comes with Node from nodejs.org'),
      ];
    }
    const { path } = tool;
    if (tool.kind === 'broken')
      return [problem(`${path} does not run: ${tool.reason}`, 'install Node again, npm comes with it')];
    const { version } = tool;
    if (Number.parseInt(version, 10) < OLDEST)
      return [warning(`${version} (${path}) is older than ${OLDEST}`, 'npm install -g npm@10')];
    return [ok(`${version} (${path})`)];
  },
};
