// Action of the live view through the daemon; the answer is what has to be said beside that it is done.
import type { OperatorAction } from '../../core/model/vocabulary.ts';
import type { UpdateAnswer } from '../../core/model/update.ts';
import type { CommandContext } from '../shared/command.ts';
import { withDaemon } from '../shared/with-daemon.ts';

/** @returns a note, or null when it is done and there is none @throws WatchdogError what the daemon answers */
export function act(context: CommandContext, action: OperatorAction, server: string): Promise<string | null> {
  const names = [server];
  return withDaemon(context, async (daemon) => {
    switch (action) {
      case 'start':
      case 'stop':
      case 'restart': {
        const unsaved = await daemon.request(action, { names });
        return unsaved === null ? null : `a restart of the watchdog would forget it: ${unsaved.unsaved}`;
      }
      case 'update':
      case 'rollback':
        return noteOf(await daemon.request(action, { names }));
      default:
        return action satisfies never;
    }
  });
}

function noteOf([answer]: readonly UpdateAnswer[]): string | null {
  if (answer === undefined) return 'it is no package, so it has no versions';
  if (answer.answer === 'begun') return null;
  return answer.reason ?? 'there is nothing newer';
}
