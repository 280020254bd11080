import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createOutbox } from '../../src/wire/outbox.ts';

const MEGABYTE = 'x'.repeat(1024 * 1024);

/** An outbox whose pipe is full. */
function fullOutbox() {
  const stdin = new PassThrough();
  const outbox = createOutbox(stdin);
  while (!stdin.writableNeedDrain) outbox.send(MEGABYTE, 'second');
  return { stdin, outbox };
}

describe('an outbox', () => {
  it('writes at once while the pipe takes it, and cannot take it back then', () => {
    const stdin = new PassThrough();
    const sent = createOutbox(stdin).send('{}', 'second');
    expect(sent !== 'full' && sent !== 'closed' && sent.withdraw()).toBe(false);
    expect(String(stdin.read())).toBe('{}\n');
  });

  it('has the room again that a message leaves which is taken back, once', () => {
    const { outbox } = fullOutbox();
    const sent = Array.from({ length: 16 }, () => outbox.send(MEGABYTE, 'second'));
    expect(outbox.send('{}', 'second')).toBe('full');
    const [first] = sent;
    if (first === undefined || typeof first === 'string') throw new Error('It was not taken');
    expect([first.withdraw(), first.withdraw()]).toEqual([true, false]);
    expect(outbox.send(MEGABYTE, 'second')).not.toBe('full');
    expect(outbox.send('{}', 'second')).toBe('full');
  });

  it('counts bytes, not characters', () => {
    const { outbox } = fullOutbox();
    const long = '🐕'.repeat(2 * 1024 * 1024);
    expect([outbox.send(long, 'second'), outbox.send(long, 'second')].map((one) => typeof one)).toEqual([
      'object',
      'object',
    ]);
    expect(outbox.send('{}', 'second')).toBe('full');
  });

  it('keeps the room of one lane free of the other', () => {
    const { outbox } = fullOutbox();
    for (let count = 0; count < 1_000; count += 1) outbox.send('{}', 'second');
    expect(outbox.send('{}', 'second')).toBe('full');
    expect(outbox.send('{}', 'first')).not.toBe('full');
  });

  it('says that the pipe has ended', () => {
    const { stdin, outbox } = fullOutbox();
    stdin.end();
    expect(outbox.send('{}', 'first')).toBe('closed');
    const broken = fullOutbox();
    broken.stdin.destroy();
    expect(broken.outbox.send('{}', 'first')).toBe('closed');
  });
});
