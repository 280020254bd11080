import { setImmediate as endOfTurn } from 'node:timers/promises';
import { PassThrough, Writable } from 'node:stream';
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

/** A pipe that takes everything, and what was written to it, write by write. */
function recordingPipe() {
  const chunks: string[] = [];
  const stdin = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stdin, chunks };
}

describe('an outbox', () => {
  it.each(['first', 'second'] as const)(
    'writes at once while the pipe takes it, lane %s, and cannot take it back then',
    async (lane) => {
      const stdin = new PassThrough();
      const sent = createOutbox(stdin).send('{}', lane);
      expect(sent !== 'full' && sent !== 'closed' && sent.withdraw()).toBe(false);
      if (lane === 'second') await endOfTurn();
      expect(String(stdin.read())).toBe('{}\n');
    },
  );

  it('writes what clients say in one turn together and in order, after what is ours', async () => {
    const { stdin, chunks } = recordingPipe();
    const outbox = createOutbox(stdin);
    outbox.send('1', 'second');
    outbox.send('2', 'second');
    outbox.send('ours', 'first');
    outbox.send('3', 'second');
    await endOfTurn();
    outbox.send('4', 'second');
    await endOfTurn();
    expect(chunks).toEqual(['ours\n', '1\n2\n3\n', '4\n']);
  });

  it('waits with no more than the pipe takes at once, and writes it before what waits for the pipe', async () => {
    const { stdin, chunks } = recordingPipe();
    const outbox = createOutbox(stdin);
    const half = 'x'.repeat(9 * 1024);
    for (const text of ['1', half, half, '2']) outbox.send(text, 'second');
    expect(chunks).toEqual([`1\n${half}\n${half}\n`]);
    await endOfTurn();
    expect(chunks.at(-1)).toBe('2\n');
  });

  it('writes nothing into a pipe that ended in the same turn', async () => {
    const { stdin, chunks } = recordingPipe();
    const outbox = createOutbox(stdin);
    outbox.send('1', 'second');
    stdin.end();
    await endOfTurn();
    expect([chunks, outbox.send('2', 'second')]).toEqual([[], 'closed']);
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
