// Command `config validate|show`: checks the config, or prints it with all defaults.
import { loadConfig } from '../../config/load.ts';
import type { LoadedConfig } from '../../config/build/loaded-config.ts';
import type { CommandContext } from '../shared/command.ts';
import { inactiveKeyLines } from '../shared/inactive-keys.ts';
import { folderWarnings, locatedPrograms, programFacts, programLines } from '../shared/programs.ts';
import { printJson, printLines, printResult } from '../shared/output.ts';

export async function run(context: CommandContext): Promise<number> {
  const [action] = context.arguments;
  return action === 'show' ? await show(context) : validate(context);
}

function validate(context: CommandContext): number {
  const loaded = loadConfig(context.paths.config, context.io.env);
  const programs = locatedPrograms(context);
  const folders = folderWarnings(loaded.servers);
  const facts = verdict({ ...loaded, warnings: [...loaded.warnings, ...folders] });
  printResult(context, { ...facts, programs: programs.map(programFacts) }, [
    ...summary(loaded),
    ...programLines(programs),
    ...folders.map((warning) => `warning: ${warning}`),
  ]);
  return 0;
}

function verdict({ path, servers, inactive, warnings }: LoadedConfig): object {
  return { path, servers: servers.map(({ name }) => name), inactive, warnings };
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
  if (context.flags.json === true) printJson(context, effectiveConfig(loaded));
  else printLines(context, effectiveYaml(loaded).trimEnd().split('\n'));
  return 0;
}
