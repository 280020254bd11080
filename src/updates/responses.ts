// Responses to an operator's request for an update or a rollback.
import type { UpdateCheck, UpdateAnswer } from '../core/model/update.ts';
import type { UpdatePlan } from '../core/update/update-state.ts';
import { formatDuration } from '../core/base/units.ts';
import type { PackageSpec } from '../core/model/server-spec.ts';

type Versions = Pick<UpdateAnswer, 'from' | 'to'>;

const NO_VERSIONS: Versions = { from: null, to: null };
const NO_WORDS = { reason: null, hint: null, steps: [] };

export function nothingToDo(server: string, versions: Versions = NO_VERSIONS): UpdateAnswer {
  return { server, answer: 'nothing', ...versions, ...NO_WORDS };
}

export function refused(
  server: string,
  {
    reason,
    hint = null,
    ...versions
  }: Partial<Versions> & { readonly reason: string; readonly hint?: string | null },
): UpdateAnswer {
  return { server, answer: 'refused', ...NO_VERSIONS, ...versions, reason, hint, steps: [] };
}

export function busy(server: string): UpdateAnswer {
  const reason = 'an update of it is under way';
  const hint = `See mcp-watchdog status ${server}; mcp-watchdog rollback ${server} undoes it.`;
  return { server, answer: 'busy', ...NO_VERSIONS, reason, hint, steps: [] };
}

/** Answers with what the registry has, and why none of it is taken. */
export function notUpdated({ server, running, latest, held, error }: UpdateCheck): UpdateAnswer {
  if (error !== null) return refused(server, { reason: error, from: running });
  const [first] = held;
  if (first === undefined) return nothingToDo(server, { from: running, to: running });
  const { version: to, detail } = first;
  const hint = `mcp-watchdog update ${server} --to ${to ?? latest} takes it anyway.`;
  return { server, answer: 'held', from: running, to, reason: detail, hint, steps: [] };
}

export function accepted(
  { name, update }: PackageSpec,
  plan: Pick<UpdatePlan, 'kind' | 'from' | 'to'>,
  isDry: boolean,
): UpdateAnswer {
  const { kind, from, to } = plan;
  const answer = isDry ? 'planned' : 'begun';
  const all =
    kind === 'update'
      ? [
          `install ${to} beside ${from}`,
          `start ${to} beside it as a canary, and compare its tools with those of ${from}`,
          'wait for a quiet moment, at most 5 minutes',
          'back up config and state',
          `switch to ${to} and restart`,
          `watch it for ${formatDuration(update.probation)}, and roll back to ${from} if it fails`,
        ]
      : ['back up config and state', `switch to ${to} and restart`, `add ${from} to the bad versions`];
  return { server: name, answer, from, to, reason: null, hint: null, steps: all };
}

export function rollingBack(server: string, isDry: boolean): UpdateAnswer {
  const answer = isDry ? 'planned' : 'begun';
  const steps = ['cancel the update that is under way', 'roll back to the version before it'];
  return { server, answer, ...NO_VERSIONS, reason: null, hint: null, steps };
}
