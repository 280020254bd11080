// Probe kind `exec`: runs a command of the user's; exit 0 is a pass, every other end a failure.
import { runCommand, type CommandResult } from '../system/process/run-command.ts';
import { failed } from '../wire/call.ts';
import type { Deadline } from '../wire/deadline.ts';
import {
  resultOfFailure,
  timed,
  type ProbeKind,
  type ProbeTarget,
  type UntimedResult,
} from './probe-kind.ts';

/** Its full probe is the same as its liveness probe. */
export const exec: ProbeKind<'exec'> = {
  summary:
    'runs command without a shell, alive when it exits with 0; ended with its whole group at the timeout',
  open(target, policy) {
    const probe = (deadline: Deadline) => timed(deadline, () => run(policy.command, target, deadline));
    return {
      connect: probe,
      probe: async (_depth, deadline) => [{ probe: 'exec', result: await probe(deadline) }],
      close: () => Promise.resolve(),
    };
  },
};

async function run(
  command: readonly string[],
  { spec, environment }: ProbeTarget,
  { timeout, signal, clock }: Deadline,
): Promise<UntimedResult> {
  const [file, ...args] = command;
  if (file === undefined) return { outcome: 'inconclusive', detail: 'There is no command to run' };
  const result = await runCommand([file, ...args], {
    ...(spec.cwd !== null && { cwd: spec.cwd }),
    env: environment,
    timeout,
    signal,
    clock,
  });
  return judge(result, { file, timeout });
}

function judge(result: CommandResult, { file, timeout }: { file: string; timeout: number }): UntimedResult {
  // A probe that cannot be run says nothing about the server.
  if (result.spawnError !== null)
    return { outcome: 'inconclusive', detail: `Cannot run ${file}: ${result.spawnError}` };
  if (result.timedOut)
    return { outcome: 'failed', reason: 'timeout', detail: `${file} ran longer than ${timeout} ms` };
  if (result.aborted) return { outcome: 'inconclusive', detail: `${file} was broken off` };
  if (result.code === 0) return { outcome: 'passed' };
  const end =
    result.code === null ? `was ended by ${result.signal ?? 'a signal'}` : `exited with ${result.code}`;
  const said = lastLine(result.stderr) ?? lastLine(result.stdout);
  return resultOfFailure(failed('protocol', `${file} ${end}`, said ?? undefined));
}

function lastLine(text: string): string | null {
  return text.trimEnd().split('\n').at(-1) || null;
}
