// Advice for a command that fetches its package at each start, npx or uvx, or starts a container: what to write in its place.
import { parseNpmSpec, parseRunnerLine } from '../../core/base/package-runner.ts';
import type { RunnerLine } from '../../core/base/package-runner.ts';
import { parseContainerLine } from '../../core/containers/container-line.ts';
import { pythonLaunch } from '../../core/python/runner-launch.ts';
import type { ServerSpec } from '../../core/model/server-spec.ts';

/** Says which package to name instead; null when no such runner is called, or it does more than start one package of the registry. */
export function runnerAdvice({ source, args, env, transport }: ServerSpec): string | null {
  if (source.kind !== 'command') return null;
  const argv = [...source.command, ...args];
  const container = containerAdvice(argv, transport);
  if (container !== null) return container;
  const line = parseRunnerLine(argv);
  if (line === null || line.isLocal) return null;
  const keys = line.index === 'pypi' ? pythonKeys(line, env) : line.runner === 'npx' ? npmKeys(line) : null;
  if (keys === null) return null;
  const written = keys.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(' and ');
  // Arguments after the package stay, and are not shown: they may be secret.
  const shown = [line.runner, ...argv.slice(line.runner.split(' ').length, line.targetAt + 1)].join(' ');
  const rest = line.args.length === 0 ? '' : ', and keep the args after it';
  const reason =
    line.index === 'npm'
      ? 'which takes twice the memory and start time'
      : 'which stays as a parent that drops signals, and updates by itself or never';
  return `runs ${line.runner}, ${reason}; write ${written} in place of ${shown}${rest}`;
}

function containerAdvice(argv: readonly string[], transport: ServerSpec['transport']): string | null {
  const line = parseContainerLine(argv);
  // In the background its client ends at once, and the exit says so.
  if (line === null || line.isDetached || line.image === null) return null;
  const needed = [
    ...(transport === 'stdio' && !line.isInteractive ? [['-i', 'it never hears its clients'] as const] : []),
    ...(line.isRemoved ? [] : [['--rm', 'each start leaves a stopped container behind'] as const]),
  ];
  if (needed.length === 0) return null;
  const flags = needed.map(([flag]) => flag).join(' ');
  return `runs a container without ${flags}: ${needed.map(([, why]) => why).join(', and ')}; write ${flags} after ${line.engine} run`;
}

type Keys = readonly (readonly [key: string, value: string | readonly string[]])[];

function npmKeys({ packages, otherFlags, target }: RunnerLine): Keys | null {
  const spec = packages.length > 0 || otherFlags.length > 0 ? null : parseNpmSpec(target ?? '');
  if (spec === null) return null;
  return spec.version === null
    ? [['package', spec.name]]
    : [
        ['package', spec.name],
        ['version', spec.version],
      ];
}

function pythonKeys(line: RunnerLine, env: ServerSpec['env']): Keys | null {
  const launch = pythonLaunch(line, env);
  if (typeof launch === 'string') return null;
  const keys = [
    ['package', launch.package],
    ['version', launch.version],
    ['bin', launch.bin],
    ['python', launch.interpreter],
    ['with', launch.with],
  ] as const;
  return keys.flatMap(([key, value]) =>
    value === null || value.length === 0 ? [] : [[key, value] as const],
  );
}
