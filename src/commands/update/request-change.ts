// Request for an update or rollback: sent, answered, followed and reported.
import type { Client } from '../../control/client.ts';
import { WatchdogError } from '../../core/base/errors.ts';
import type { DaemonStatus, ServerStatus, Status } from '../../core/model/status.ts';
import { hasVersions } from '../../core/model/server-spec.ts';
import type { UpdateAnswer } from '../../core/model/update.ts';
import type { CommandContext } from '../shared/command.ts';
import { followUpdates, outcomeOf, type UpdateAction, type UpdateOutcome } from './follow-updates.ts';
import { answerLines, createUpdateProgress, outcomeLine } from './update-report.ts';
import { printJson, printLines, viewOptions } from '../shared/output.ts';
import { pickServer, withDaemon } from '../shared/with-daemon.ts';

/** ms. Packages are looked up one after the other; a slow registry takes half a minute for each. */
export const REGISTRY_TIMEOUT = 600_000;

export interface UpdateRequest {
  readonly action: UpdateAction;
  readonly ask: (daemon: Client, names: readonly string[]) => Promise<readonly UpdateAnswer[]>;
}

/** Sends the request, prints the answers and, unless it was a dry run, waits. @returns 0 when all are done or had nothing to do, else 1 */
export async function requestChange(
  context: CommandContext,
  { action, ask }: UpdateRequest,
): Promise<number> {
  const { flags } = context;
  const names = [...new Set(context.arguments)];
  const say = flags.json === true ? () => {} : (lines: readonly string[]) => printLines(context, lines);
  const { before, answers } = await withDaemon(context, async (daemon) => {
    const before = await daemon.request('status', {});
    requirePackages(before, names, action);
    const answers = await withRegistryNotice(context, () => ask(daemon, names));
    return { before, answers };
  });
  say(
    answers.flatMap((answer) =>
      answerLines(answer, { action, to: flags.to ?? null, ...viewOptions(context) }),
    ),
  );
  if (answers.length === 0) say([`There is nothing to ${action === 'update' ? 'update' : 'roll back'}`]);
  const outcomes = await settle(context, { action, before, answers, say });
  const exitCode = outcomes.every(({ result }) => SUCCESSES.has(result)) ? 0 : 1;
  if (flags.json === true) printJson(context, { exitCode, servers: outcomes });
  return exitCode;
}

const SUCCESSES: ReadonlySet<UpdateOutcome['result']> = new Set([
  'planned',
  'nothing',
  'probation',
  'committed',
]);

/** Checks that each name is a server with a package. @throws WatchdogError UNKNOWN_SERVER, or CONTROL_FAILED for one without */
export function requirePackages(
  known: {
    readonly servers: readonly Pick<ServerStatus, 'name' | 'source'>[];
    readonly daemon?: DaemonStatus;
  },
  names: readonly string[],
  action: 'update' | 'rollback' = 'update',
): void {
  const verb = action === 'update' ? 'update' : 'roll back';
  for (const name of names) {
    const { source } = pickServer(known, name);
    if (hasVersions(source)) continue;
    throw new WatchdogError(
      'CONTROL_FAILED',
      `Cannot ${verb} "${name}": it has a ${source}, and no package`,
      {
        hint: 'The watchdog installs and updates only servers whose config has `package`',
      },
    );
  }
}

/** ms of waiting before a notice is printed. */
const NOTICE_DELAY = 1000;

/** Runs a lookup; on a terminal a notice is printed when it takes long. */
export async function withRegistryNotice<T>(context: CommandContext, work: () => Promise<T>): Promise<T> {
  const { io, flags } = context;
  const isNoticed = io.out.isTTY === true && flags.json !== true;
  const cancel = isNoticed
    ? io.clock.after(NOTICE_DELAY, () =>
        printLines(context, ['Asking the registry, one package after the other']),
      )
    : () => {};
  try {
    return await work();
  } finally {
    cancel();
  }
}

interface AnsweredRequest {
  readonly action: UpdateAction;
  readonly before: Status;
  readonly answers: readonly UpdateAnswer[];
  readonly say: (lines: readonly string[]) => void;
}

async function settle(
  context: CommandContext,
  { action, before, answers, say }: AnsweredRequest,
): Promise<readonly UpdateOutcome[]> {
  const begun = answers.filter(({ answer }) => answer === 'begun');
  const others = answers.filter(({ answer }) => answer !== 'begun').map(outcomeOf);
  if (begun.length === 0) return others;
  const names = new Set(begun.map(({ server }) => server));
  const progress = createUpdateProgress(before);
  const isChatty = context.io.out.isTTY === true;
  const followed = await followUpdates(context, {
    begun,
    action,
    before,
    waitsForProbation: context.flags.wait === true,
    onStatus(status) {
      const lines = progress(status, { ...viewOptions(context), names, isChatty });
      if (lines.length > 0) say(lines);
    },
  });
  say(followed.map((outcome) => outcomeLine(outcome, action, viewOptions(context))));
  return [...others, ...followed];
}
