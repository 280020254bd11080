// Command `config validate|show`: checks the config, or prints it with all defaults.
import { loadConfig } from '../../config/load.ts';
import type { LoadedConfig } from '../../config/build/loaded-config.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { CommandContext } from '../shared/command.ts';
import { inactiveKeyLines } from '../shared/inactive-keys.ts';
import { printJson, printLines } from '../shared/output.ts';

export async function run(context: CommandContext): Promise<number> {
  const [action] = context.arguments;
  return action === 'show' ? await show(context) : validate(context);
}

function validate(context: CommandContext): number {
  try {
    const loaded = loadConfig(context.paths.config, context.io.env);
    printLines(
      context,
      context.flags.json === true ? [JSON.stringify(verdict(loaded), null, 2)] : summary(loaded),
    );
    return 0;
  } catch (error) {
    if (context.flags.json !== true || !(error instanceof WatchdogError)) throw error;
    const { code, message, hint } = error;
    const problems = 'problems' in error ? error.problems : [];
    printJson(context, { valid: false, code, message, hint, problems });
    return 2;
  }
}

function verdict({ path, servers, inactive, warnings }: LoadedConfig): object {
  return { valid: true, path, servers: servers.map(({ name }) => name), inactive, warnings };
}

function summary({ path, servers, inactive, warnings }: LoadedConfig): string[] {
  return [
    `${path} is valid: ${servers.length} ${servers.length === 1 ? 'server' : 'servers'}`,
    ...warnings.map((warning) => `warning: ${warning}`),
    ...inactiveKeyLines(inactive),
  ];
}

async function show(context: CommandContext): Promise<number> {
  const loaded = loadConfig(context.paths.config, context.io.env);
  const { effectiveConfig, effectiveYaml } = await import('../../config/effective.ts');
  const text =
    context.flags.json === true
      ? JSON.stringify(effectiveConfig(loaded), null, 2)
      : effectiveYaml(loaded).trimEnd();
  printLines(context, text.split('\n'));
  return 0;
}
