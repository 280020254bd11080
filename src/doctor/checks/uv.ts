// Check of uv, which installs the servers that are Python packages.
import { isPackage } from '../../core/model/server-spec.ts';
import { pypiManager } from '../../packages/pypi/pypi-manager.ts';
import { isTooOld, OLDEST_UV } from '../../packages/pypi/uv-command.ts';
import { type Check, ok, problem } from '../check.ts';

const UPDATE = 'uv self update, or brew upgrade uv';

export const uv: Check = {
  id: 'uv',
  title: 'uv',
  async run({ node, env, config, run }) {
    const isNeeded =
      config.kind === 'valid' &&
      config.loaded.servers.filter(isPackage).some(({ source }) => source.manager === pypiManager.name);
    if (!isNeeded) return [];
    const tool = await pypiManager.tool({ runtime: node.path, environment: env, run });
    if (tool.kind === 'missing')
      return [problem('not found: no Python package can be installed', 'brew install uv, or see docs.astral.sh/uv')];
    const { path } = tool;
    if (tool.kind === 'broken') return [problem(`${path} does not run: ${tool.reason}`, 'install uv again')];
    const { version } = tool;
    if (isTooOld(version)) return [problem(`${version} (${path}) is older than ${OLDEST_UV}`, UPDATE)];
    return [ok(`${version} (${path})`)];
  },
};
