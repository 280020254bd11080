// Actions of the page through the handlers of the control socket; each stands in the journal with whoever asked for it.
import { WatchdogError } from '../../core/base/errors.ts';
import type { RequestHandlers } from '../../control/server.ts';
import type { UpdateAnswer } from '../../core/model/update.ts';
import type { Bus } from '../../system/bus.ts';
import type { Logger } from '../../system/files/log.ts';
import type { Act, ActionResult } from '../../web/session/actions-api.ts';
import type { Unsaved } from '../../control/protocol.ts';

export interface PageActionsParts {
  readonly bus: Pick<Bus, 'publish'>;
  readonly log: Pick<Logger, 'warn'>;
  /** Null while the daemon starts. */
  readonly handlers: () => Pick<RequestHandlers, 'start' | 'stop' | 'restart' | 'update' | 'rollback'> | null;
}

export function createPageActions({ bus, log, handlers }: PageActionsParts): Act {
  return async (server, action, { by }) => {
    const known = handlers();
    if (known === null)
      throw new WatchdogError('CONTROL_FAILED', 'The watchdog is still starting', {
        hint: 'Try again in a second',
      });
    // First: what follows in the journal follows from it.
    bus.publish({ kind: 'acted', about: server, action, by, detail: null });
    const names = [server];
    switch (action) {
      case 'start':
        return ofUnsaved(await known.start({ names }));
      case 'restart':
        return ofUnsaved(await known.restart({ names }));
      case 'stop':
        return await begun(Promise.resolve(known.stop({ names })), (err) =>
          log.warn({ err, server }, 'Cannot stop a server for the page'),
        );
      case 'update':
        return ofAnswers(await known.update({ names }));
      case 'rollback':
        return ofAnswers(await known.rollback({ names }));
      default:
        return action satisfies never;
    }
  };
}

function ofUnsaved(unsaved: Unsaved): ActionResult {
  const note = unsaved === null ? null : `a restart of the watchdog would forget it: ${unsaved.unsaved}`;
  return { isDone: true, note };
}

/** A stop takes as long as the server likes: what is refused is refused at once. */
async function begun(work: Promise<Unsaved>, onFault: (error: unknown) => void): Promise<ActionResult> {
  const later = new Promise<null>((resolve) => {
    setImmediate(() => resolve(null));
  });
  const first = await Promise.race([work, later]);
  work.catch(onFault);
  return ofUnsaved(first);
}

function ofAnswers([answer]: readonly UpdateAnswer[]): ActionResult {
  if (answer === undefined) return { isDone: false, note: 'It is no package, so it has no versions' };
  if (answer.answer === 'begun') return { isDone: true, note: null };
  const hint = answer.hint === null ? '' : `. ${answer.hint}`;
  return { isDone: false, note: `${answer.reason ?? 'There is nothing newer'}${hint}` };
}
