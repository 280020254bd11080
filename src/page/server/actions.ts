// Actions on one server, each confirmed where it interrupts clients.
import { html, type TemplateResult } from 'lit-html';
import type { PageServer } from '../../core/status/page-status.ts';
import type { App } from '../common/app.ts';
import { openDialog } from '../common/parts.ts';
import { showLocked } from '../common/session-dialog.ts';
import type { Action } from '../model/wire.ts';
import { plural } from '../model/words.ts';

interface Offer {
  readonly action: Action;
  readonly label: string;
  readonly key: string;
}

export interface Actions {
  /** What can be asked of it now, the most likely first. */
  offers(server: PageServer): readonly Offer[];
  ask(offer: Offer, server: PageServer): void;
  byKey(key: string, server: PageServer): boolean;
}

export function createActions(app: App): Actions {
  function offers(server: PageServer): readonly Offer[] {
    const { source, desired, update } = server;
    if (source === 'url') return [];
    if (desired === 'down') return [{ action: 'start', label: 'Start', key: 's' }];
    const back = update?.progress?.phase === 'probation' ? update.progress.from : update?.memory.previous;
    const candidate = update?.progress === null ? (update.outlook?.candidate ?? null) : null;
    return [
      { action: 'restart', label: 'Restart', key: 'r' },
      { action: 'stop', label: 'Stop', key: 's' },
      ...(candidate === null || candidate === server.version
        ? []
        : [{ action: 'update', label: `Update to ${candidate}`, key: 'u' } as const]),
      ...(typeof back === 'string'
        ? [{ action: 'rollback', label: `Back to ${back}`, key: 'b' } as const]
        : []),
    ];
  }

  function ask(offer: Offer, server: PageServer): void {
    const { gone, hasSession } = app.state();
    if (gone !== null) return app.say('The daemon is not reachable');
    if (!hasSession) return showLocked(app);
    openDialog({
      title: `${offer.label}: ${server.name}`,
      body: consequences(offer, server),
      act: { label: offer.label, run: () => void run(offer, server) },
    });
  }

  async function run({ action, label }: Offer, { name, run: number }: PageServer): Promise<void> {
    const answer = await app.wire.act(name, action, number);
    app.say(answer.ok ? `${label}: begun` : `${label}: ${answer.fault.message}`);
  }

  return {
    offers,
    ask,
    byKey(key, server) {
      const offer = offers(server).find((one) => one.key === key);
      if (offer !== undefined) ask(offer, server);
      return offer !== undefined;
    },
  };
}

function consequences({ action }: Offer, { clients, state }: PageServer): TemplateResult {
  const { sessions = 0, inFlight = 0 } = clients ?? {};
  const users =
    sessions === 0
      ? 'No client uses it through the gateway now.'
      : `${plural(sessions, 'client')} ${sessions === 1 ? 'uses' : 'use'} it, ${plural(inFlight, 'call')} ${inFlight === 1 ? 'is' : 'are'} in flight.`;
  const effect = {
    start: 'It is started, and kept running from now on.',
    stop: 'Calls are refused until it is started again. It stays stopped over a restart of the watchdog.',
    restart:
      state === 'running'
        ? 'Calls wait until it is back, and those that only read are repeated.'
        : 'It is tried at once, without the rest of the wait.',
    update: 'The new version is installed beside the old one and tried out first; calls go on meanwhile.',
    rollback: 'The version before is started again, and this one is not taken by itself any more.',
  } as const satisfies Record<Action, string>;
  return html`<p>${effect[action]}</p>
    <p class="soft">${users}</p>`;
}
