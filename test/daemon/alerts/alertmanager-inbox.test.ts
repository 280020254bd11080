// Inbox for webhook messages of Alertmanager: only who has the token is admitted, and nothing is acknowledged that nobody has taken.
import { describe, expect, test } from 'vitest';
import {
  type AlertmanagerInboxListener,
  createAlertmanagerInbox,
} from '../../../src/daemon/alerts/alertmanager-inbox.ts';

const MESSAGE = {
  version: '4',
  alerts: [{ status: 'resolved', labels: { alertname: 'Down', severity: 'critical' }, annotations: {} }],
};
const TOKEN = 'a-token-of-the-test';
const NOBODY: AlertmanagerInboxListener = { receive: () => true, refuse: () => {} };

describe('createAlertmanagerInbox()', () => {
  test('passes a message with its options to its subscriber', () => {
    const inbox = createAlertmanagerInbox();
    const received: unknown[] = [];
    inbox.subscribe({
      ...NOBODY,
      receive: ({ alerts }, options) => received.push([alerts[0]?.name, options]) > 0,
    });
    expect(inbox.receive(MESSAGE, { isToForward: true })).toBeNull();
    expect(received).toEqual([['Down', { isToForward: true }]]);
  });

  test('refuses a message as not ready before and after its subscription, so that it is sent again', () => {
    const inbox = createAlertmanagerInbox();
    inbox.setToken(TOKEN);
    for (const subscribe of [() => {}, () => inbox.subscribe(NOBODY)()]) {
      subscribe();
      expect(inbox.admit(TOKEN, { isToForward: false })).toMatchObject({ kind: 'not-ready' });
      expect(inbox.admit(null, { isToForward: false })).toMatchObject({ kind: 'not-ready' });
      expect(inbox.receive(MESSAGE, { isToForward: false })).toMatchObject({ kind: 'not-ready' });
    }
  });

  test('refuses as not ready what did not get to the disk, so that it is sent again', () => {
    const inbox = createAlertmanagerInbox();
    inbox.subscribe(NOBODY);
    inbox.subscribe({ ...NOBODY, receive: () => false });
    expect(inbox.receive(MESSAGE, { isToForward: true })).toMatchObject({ kind: 'not-ready' });
  });

  test('refuses what is no message as invalid, subscribed or not', () => {
    const inbox = createAlertmanagerInbox();
    const invalid = { kind: 'invalid', reason: 'Not a JSON object' };
    expect(inbox.receive(undefined, { isToForward: false })).toEqual(invalid);
    inbox.subscribe(NOBODY);
    expect(inbox.receive(undefined, { isToForward: false })).toEqual(invalid);
  });

  test('admits nobody while no token is set, and only its bearer afterwards', () => {
    const inbox = createAlertmanagerInbox();
    inbox.subscribe(NOBODY);
    const kindFor = (token: string | null) => inbox.admit(token, { isToForward: false })?.kind ?? 'admitted';
    for (const token of [null, '', 'null', TOKEN]) expect(kindFor(token)).toBe('unproven');
    inbox.setToken(TOKEN);
    expect([null, '', `${TOKEN}x`, TOKEN.toUpperCase(), TOKEN].map((token) => kindFor(token))).toEqual([
      ...Array.from({ length: 4 }, () => 'unproven'),
      'admitted',
    ]);
    inbox.setToken('another-token-of-it');
    expect(kindFor(TOKEN)).toBe('unproven');
    inbox.setToken(null);
    expect(kindFor(TOKEN)).toBe('unproven');
    expect(inbox.admit(TOKEN, { isToForward: false })?.reason).toContain('alerts.webhookToken');
  });

  test('reports the refusal of a message for our channels, and of no other', () => {
    const inbox = createAlertmanagerInbox();
    let refused = 0;
    inbox.subscribe({ ...NOBODY, refuse: () => (refused += 1) });
    inbox.admit(null, { isToForward: false });
    expect(refused).toBe(0);
    inbox.admit(null, { isToForward: true });
    expect(refused).toBe(1);
  });
});
