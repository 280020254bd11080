// No secret that others put into words reaches those who only look; what is ours stays comparable.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WatchdogEvent, UnstampedEvent } from '../../../src/core/model/events.ts';
import { scrubEvent } from '../../../src/core/status/scrub-event.ts';
import { createRedactor } from '../../../src/core/base/text.ts';
import { HEALTHY } from '../../fakes/stage.ts';
import { specOf } from '../../fakes/spec.ts';
import { memoryOf, outlookOf, progressOf, ROLLED_BACK } from '../../fakes/updates.ts';

const server = 'files';

/** Every kind of news in which others have a say, each saying `text` wherever it can. */
function allSaying(text: string): UnstampedEvent[] {
  const failure = { code: 'SPAWN_FAILED', message: text, hint: text, retry: 'backoff' } as const;
  const handshake = { era: 'legacy', protocolVersion: '1', serverName: text, serverVersion: text } as const;
  const result = { outcome: 'failed', took: 1, reason: 'protocol', detail: text } as const;
  return [
    { kind: 'server-added', server, spec: specOf({ url: `http://x/${text}` }) },
    { kind: 'server-changed', server, spec: specOf({ url: `http://x/${text}` }) },
    { kind: 'exited', server, run: 1, code: 1, signal: null, lastLines: ['fine', text] },
    { kind: 'restarted', server, reason: 'probe', detail: text },
    { kind: 'start-failed', server, failure },
    { kind: 'install-progress', server, line: text },
    { kind: 'using-installed', server, version: '1.0.0', why: text },
    { kind: 'handshake', server, run: 1, handshake },
    { kind: 'probed', server, probe: 'ping', result },
    { kind: 'probed', server, probe: 'ping', result: { outcome: 'inconclusive', detail: text } },
    { kind: 'health', server, health: { ...HEALTHY, detail: text } },
    { kind: 'config-loaded', path: '/x', ok: false, error: text },
    { kind: 'collected', collector: 'processes', took: 1, error: text },
    { kind: 'state-persist-failed', error: text },
    {
      kind: 'update-checked',
      server,
      outlook: outlookOf({ held: [{ version: '1.0.0', reason: 'bad', detail: text }], error: text }),
    },
    { kind: 'update-moved', server, progress: progressOf({ detail: text }) },
    {
      kind: 'update-settled',
      server,
      memory: memoryOf({
        bad: [{ version: '1.0.0', reason: text, at: 1 }],
        last: { ...ROLLED_BACK, reason: text },
      }),
      isNews: true,
    },
  ];
}

const scrub = createRedactor(['tooth-fairy']).scrub;

describe('scrubEvent()', () => {
  it.each(allSaying('key tooth-fairy!'))('takes a secret out of $kind', (news) => {
    const scrubbed = JSON.stringify(scrubEvent({ at: 1, ...news }, scrub));
    expect(scrubbed).not.toContain('tooth-fairy');
    expect(scrubbed).toContain('[secret]');
  });

  it('changes nothing but the words of others', () => {
    const word = fc.constantFrom(
      ...allSaying('').map(({ kind }) => kind),
      server,
      'probe',
      'SPAWN_FAILED',
      '1.0.0',
    );
    fc.assert(
      fc.property(word, fc.constantFrom(...allSaying('harmless')), (secret, news) => {
        const event: WatchdogEvent = { at: 12_345_678, ...news };
        expect(scrubEvent(event, createRedactor([secret, '12345678']).scrub)).toEqual(event);
      }),
    );
  });
});
