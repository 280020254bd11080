// Inbox for webhook messages of Alertmanager: nothing is acknowledged that nobody has taken.
import { describe, expect, test } from 'vitest';
import { createAlertmanagerInbox } from '../../../src/daemon/alerts/alertmanager-inbox.ts';

const MESSAGE = {
  version: '4',
  alerts: [{ status: 'resolved', labels: { alertname: 'Down', severity: 'critical' }, annotations: {} }],
};

describe('createAlertmanagerInbox()', () => {
  test('passes a message with its options to its subscriber', () => {
    const inbox = createAlertmanagerInbox();
    const received: unknown[] = [];
    inbox.subscribe(({ alerts }, options) => received.push([alerts[0]?.name, options]));
    expect(inbox.receive(MESSAGE, { isToForward: true })).toBeNull();
    expect(received).toEqual([['Down', { isToForward: true }]]);
  });

  test('refuses a message as not ready before and after its subscription, so that it is sent again', () => {
    const inbox = createAlertmanagerInbox();
    expect(inbox.receive(MESSAGE, { isToForward: false })).toMatchObject({ kind: 'not-ready' });
    inbox.subscribe(() => {})();
    expect(inbox.receive(MESSAGE, { isToForward: false })).toMatchObject({ kind: 'not-ready' });
  });

  test('refuses what is no message as invalid, subscribed or not', () => {
    const inbox = createAlertmanagerInbox();
    const invalid = { kind: 'invalid', reason: 'Not a JSON object' };
    expect(inbox.receive(undefined, { isToForward: false })).toEqual(invalid);
    inbox.subscribe(() => {});
    expect(inbox.receive(undefined, { isToForward: false })).toEqual(invalid);
  });
});
