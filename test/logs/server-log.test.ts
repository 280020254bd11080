// Log of a server: safe lines with time and stream, limited files, no secrets, the last lines in memory.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRedactor } from '../../src/core/base/text.ts';
import { openServerLog } from '../../src/logs/server-log.ts';
import type { ServerLog } from '../../src/logs/server-log.ts';
import { FakeClock } from '../fakes/clock.ts';

const SECRET = 'sk-live-0123456789';
let folder: string;
let path: string;
let log: ServerLog;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'watchdog-server-log-'));
  path = join(folder, 'files.log');
  const { scrub } = createRedactor([SECRET]);
  log = openServerLog({ path, policy: { maxSize: 100_000, keep: 2 }, clock: new FakeClock(), scrub });
});
afterEach(async () => {
  await log.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

function written(): string[] {
  log.flushSync();
  return fs.readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

describe('openServerLog()', () => {
  it('writes time, stream and text', () => {
    log.noteStart('started as 42');
    log.write('stderr', 'ready');
    log.write('stdout', 'GET /mcp');
    log.note('ended by SIGKILL');
    expect(written().map((line) => line.replace('2026-01-01T00:00:00.000Z', 'T'))).toEqual([
      'T watchdog started as 42',
      'T stderr ready',
      'T stdout GET /mcp',
      'T watchdog ended by SIGKILL',
    ]);
  });

  it('makes controls harmless: a line cannot pass for two', () => {
    log.write('stderr', 'x\r2026-01-01T00:00:00.000Z watchdog forged\u001B[2J\u202E');
    expect(written()).toEqual([
      String.raw`2026-01-01T00:00:00.000Z stderr x\x0d2026-01-01T00:00:00.000Z watchdog forged\u202e`,
    ]);
  });

  it('takes another size while it is written, and sets aside no more than it says', () => {
    for (const text of ['one', 'two']) log.write('stderr', text);
    expect(written()).toHaveLength(2);
    log.resize({ maxSize: 1, keep: 1 });
    for (const text of ['three', 'four']) log.write('stderr', text);
    expect(written()).toEqual(['2026-01-01T00:00:00.000Z stderr four']);
    expect(fs.readdirSync(folder).sort()).toEqual(['files.log', 'files.log.1']);
    expect(log.lastLines()).toEqual(['one', 'two', 'three', 'four']);
  });

  it('says how much of a line is missing', () => {
    log.write('stderr', 'xxxx', 1000);
    expect(written()[0]).toMatch(/ xxxx \[1000 more bytes\]$/u);
  });

  it('writes no secret, coloured, cut or in a note', () => {
    log.write('stderr', `key ${SECRET}`);
    log.write('stderr', `key \u001B[31msk-live\u001B[0m-0123456789`);
    log.write('stderr', `key ${SECRET.slice(0, -1)}`, 5);
    log.note(`args ${SECRET}`);
    expect(written().join('\n')).not.toContain('sk-live');
    expect(log.lastLines().join('\n')).not.toContain('sk-live');
  });

  it('never writes a secret, whatever surrounds it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        log.write('stderr', before + SECRET + after);
        expect(log.lastLines().at(-1) ?? '').not.toContain(SECRET);
      }),
    );
    expect(written().join('\n')).not.toContain(SECRET);
  });

  it('remembers twenty lines of this process, the first ones too, capped, blank ones and notes left out', () => {
    log.write('stderr', 'of the process before');
    log.noteStart('started again');
    for (let count = 0; count < 30; count += 1) log.write('stderr', `line ${count}`);
    log.write('stderr', '   ');
    log.note('a remark');
    log.write('stderr', 'x'.repeat(10_000));
    const kept = log.lastLines();
    expect(kept.filter((line) => line !== '…')).toHaveLength(20);
    expect(kept[0]).toBe('line 0');
    expect(kept.slice(-2)).toEqual(['line 29', `${'x'.repeat(399)}…`]);
  });

  it('marks what came over stdout', () => {
    log.write('stdout', 'Content-Length: 120');
    log.write('stderr', 'ready');
    expect(log.lastLines()).toEqual(['[stdout] Content-Length: 120', 'ready']);
  });

  it('keeps so many files', () => {
    for (let count = 0; count < 100; count += 1) {
      log.write('stderr', 'x'.repeat(9000));
      log.flushSync();
    }
    expect(fs.readdirSync(folder).sort()).toEqual(['files.log', 'files.log.1', 'files.log.2']);
  });

  it('survives a disk that refuses', async () => {
    fs.mkdirSync(path);
    log.write('stderr', 'into the void');
    await log.close();
    expect(log.dropped).toBe(1);
    expect(log.lastLines()).toEqual(['into the void']);
  });
});
