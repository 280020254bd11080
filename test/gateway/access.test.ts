// Access over TCP: connections that came together are looked up together, each once.
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createAccess } from '../../src/gateway/access.ts';

const OURS = process.getuid?.() ?? 0;

test.runIf(process.platform === 'linux')('one look-up serves all that are new', async () => {
  const [first, second, gone, late, unseen] = Array.from({ length: 5 }, () => new Socket());
  const lookUps: (readonly Socket[])[] = [];
  const { rule, accepted } = createAccess({
    token: () => null,
    ownersOf(sockets) {
      lookUps.push(sockets);
      return sockets.map((socket) => (socket === second ? OURS + 1 : OURS));
    },
  });
  const reason = (socket: Socket): string | null => rule(new IncomingMessage(socket))?.reason ?? null;
  for (const socket of [first!, second!, gone!]) accepted(socket);
  gone!.destroy();
  await new Promise((resolve) => gone!.once('close', resolve));
  expect([reason(first!), reason(second!), reason(first!), reason(second!)]).toEqual([
    null,
    'user',
    null,
    'user',
  ]);
  accepted(late!);
  expect([reason(unseen!), reason(late!)]).toEqual([null, null]);
  expect(lookUps).toEqual([
    [first, second],
    [late, unseen],
  ]);
});
