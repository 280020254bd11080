// Plan of the service file: paths that stay valid after the next update and the next login.
import { sep } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import type { Machine } from '../shared/machine.ts';
import type { ServicePlan } from '../shared/service-manager.ts';
import { chooseNode, lastingProgram, type RunningNode } from './node-path.ts';
import { buildSearchPath } from './search-path.ts';

export interface PlanInput {
  readonly node: RunningNode;
  /** `cli.js` as it was started, possibly through links. */
  readonly program: string;
  readonly home: string;
  readonly userHome: string;
  /** As in `process.platform`. */
  readonly platform: string;
  /** Environment of the shell that installs. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folders that the system empties, such as /tmp. */
  readonly temporary: readonly string[];
  /** Programs that the config starts, by name: their folders become part of the PATH. */
  readonly programs: readonly string[];
}

export interface PlannedService {
  readonly plan: ServicePlan;
  /** One sentence each, without a capital at its start. */
  readonly warnings: readonly string[];
}

/**
 * Chooses node, program and PATH for the service, and warns of everything that will not last.
 *
 * @throws WatchdogError SERVICE_FAILED for a program in the npx cache, which npm empties
 */
export function planService(facts: PlanInput, machine: Machine): PlannedService {
  const { home, userHome, env, temporary, programs } = facts;
  const program = lastingProgram(facts.program, machine);
  if (program.includes('/_npx/')) throw inNpxCache(program);
  const { path: node, warning } = chooseNode(facts.node, facts, machine);
  const isTransient = (path: string): boolean =>
    /\/_npx\/|\/fnm_multishells\//u.test(path) || isBelow(path, temporary);
  const path = buildSearchPath({ node, env, programs }, (folder) => !isTransient(folder), machine);
  const warnings = [
    warning,
    isBelow(node, temporary) ? `runs on ${node}, which lies in a folder that the system empties` : null,
    isBelow(program, temporary)
      ? `runs ${program}, which lies in a folder that the system empties: install it for good (${INSTALL}), then run mcp-watchdog install again`
      : null,
    isBelow(home, temporary) ? `keeps its home ${home} in a folder that the system empties` : null,
  ];
  return {
    plan: { node, program, home, path, userHome },
    warnings: warnings.filter((one) => one !== null),
  };
}

const INSTALL = 'in the clone: npm pack, then npm install -g ./mcp-watchdog-*.tgz';

/** npm empties this cache by itself and has another one for each version. */
function inNpxCache(program: string): WatchdogError {
  return new WatchdogError(
    'SERVICE_FAILED',
    `Cannot make a service of ${program}: it lies in the cache of npx, which npm empties`,
    { hint: `Install it for good (${INSTALL}), then mcp-watchdog install` },
  );
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some(
    (folder) => path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep),
  );
}
