// What the page says of versions: briefly in the table, in full below it, and never as markup.
import { describe, expect, it } from 'vitest';
import type { UpdateStatus } from '../../../src/core/model/update.ts';
import { renderStatusPage } from '../../../src/web/pages/status-page.ts';
import { MINUTE, NOW, serverStatus, status } from '../../fakes/status.ts';
import { memoryOf, outlookOf, progressOf, ROLLED_BACK, updateOf } from '../../fakes/updates.ts';

const page = (update: UpdateStatus | null) =>
  renderStatusPage(status([serverStatus({ version: '4.0.7', update })]), NOW);
const held = [{ version: '5.0.0', reason: 'engine', detail: 'it needs node >=22' }] as const;

describe('the page', () => {
  it.each([
    ['an available update', updateOf({ outlook: outlookOf() }), ['>4.0.7 → 4.1.1<', '>update available<']],
    [
      'a held one, with its reason below',
      updateOf({ outlook: outlookOf({ candidate: null, held }) }),
      ['>4.0.7<', '>held: 5.0.0, needs another node<', '>held: 5.0.0: it needs node &gt;=22<'],
    ],
    [
      'one on its way',
      updateOf({ progress: progressOf({ detail: '12 packages' }) }),
      ['>installing 4.1.1<', '>update: installing 4.1.1: 12 packages<'],
    ],
    [
      'a probation',
      updateOf({ progress: progressOf({ phase: 'probation', until: NOW + 8 * MINUTE }) }),
      ['>4.1.1 on probation, 8 min left<'],
    ],
    [
      'a rollback, and what is bad',
      updateOf({
        memory: memoryOf({ bad: [{ version: '4.1.1', reason: 'it hangs', at: NOW }], last: ROLLED_BACK }),
      }),
      ['>bad version: 4.1.1, just now: it hangs<', 'rolled back 3 min ago'],
    ],
  ])('shows %s', (_, update, texts) => {
    for (const text of texts) expect(page(update)).toContain(text);
  });

  it('has no part about versions when there is nothing to tell', () => {
    expect(page(null)).not.toContain('<h2>Versions</h2>');
    expect(page(updateOf({ checkedAt: NOW, outlook: outlookOf({ candidate: null }) }))).not.toContain(
      'Versions',
    );
  });

  it('takes nothing that a registry says for markup', () => {
    const evil = '<script>alert(1)</script>';
    const bad = [{ version: evil, reason: evil, at: NOW }];
    const outlook = outlookOf({
      candidate: evil,
      held: [{ version: evil, reason: 'deprecated', detail: evil }],
    });
    const text = page(updateOf({ outlook, memory: memoryOf({ bad, previous: evil }) }));
    expect(text).not.toContain('<script');
    expect(text).toContain('&lt;script&gt;');
  });
});
