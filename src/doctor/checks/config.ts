// Check of the config: valid, with its warnings and the keys that have no effect.
import { ConfigError, formatProblem } from '../../config/read/problems.ts';
import { type Check, type Finding, ok, problem, warning } from '../check.ts';

export const config: Check = {
  id: 'config',
  title: 'Config',
  run({ config, paths }) {
    if (config.kind === 'invalid') return Promise.resolve([invalidConfig(config.error)]);
    const { servers, warnings, inactive } = config.loaded;
    const findings: Finding[] = warnings.map((sentence) => {
      const [message = sentence, ...cure] = sentence.split('; ');
      return warning(message, cure.length > 0 ? cure.join('; ') : null);
    });
    if (servers.length === 0) findings.push(warning('it has no servers', `add one to ${paths.config}`));
    if (inactive.length > 0)
      findings.push(ok(`these keys have no effect in this release: ${inactive.join(', ')}`));
    const count = `${servers.length} ${servers.length === 1 ? 'server' : 'servers'}`;
    return Promise.resolve([ok(`${paths.config} is valid, ${count}`), ...findings]);
  },
};

function invalidConfig(error: Error & { readonly hint: string | null }): Finding {
  const [first = error.message] =
    error instanceof ConfigError ? error.problems.map(formatProblem) : [error.message];
  const isMany = error instanceof ConfigError && error.problems.length > 1;
  const more = isMany ? ` (and ${error.problems.length - 1} more)` : '';
  return problem(first + more, error.hint ?? 'mcp-watchdog config validate shows all of them');
}
