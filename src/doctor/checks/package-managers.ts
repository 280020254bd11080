// Checks of the tools that install the servers that are packages: npm, and uv for those of Python.
import { isPackage } from '../../core/model/server-spec.ts';
import { npmManager } from '../../packages/npm/npm-manager.ts';
import { pypiManager } from '../../packages/pypi/pypi-manager.ts';
import { isTooOld, OLDEST_UV } from '../../packages/pypi/uv-command.ts';
import { UPDATE_UV } from '../../packages/pypi/uv-errors.ts';
import { isDarwin } from '../../system/platform.ts';
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

/** As the installer says it, who has a sentence to fill. */
const GET_UV = isDarwin
  ? 'brew install uv, or see docs.astral.sh/uv'
  : 'curl -LsSf https://astral.sh/uv/install.sh | sh';

export const uv: Check = {
  id: 'uv',
  title: 'uv',
  async run({ node, env, config, run }) {
    const isNeeded =
      config.kind === 'valid' &&
      config.loaded.servers.filter(isPackage).some(({ source }) => source.manager === pypiManager.name);
    if (!isNeeded) return [];
    const tool = await pypiManager.tool({ runtime: node.path, environment: env, run });
    if (tool.kind === 'missing') return [problem('not found: no Python package can be installed', GET_UV)];
    const { path } = tool;
    if (tool.kind === 'broken') return [problem(`${path} does not run: ${tool.reason}`, 'install uv again')];
    const { version } = tool;
    if (isTooOld(version)) return [problem(`${version} (${path}) is older than ${OLDEST_UV}`, UPDATE_UV)];
    return [ok(`${version} (${path})`)];
  },
};
