// The watchdog's own log: JSON lines, the level asked for, and no secret in any form.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRedactor } from '../../../src/core/base/text.ts';
import { createLog, readLogLevel } from '../../../src/system/files/log.ts';
import type { Log, LogOptions } from '../../../src/system/files/log.ts';
import { FakeClock } from '../../fakes/clock.ts';

let folder: string;
let lines: string[];
let log: Log | null = null;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'watchdog-log-'));
  lines = [];
});
afterEach(async () => {
  await log?.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

function create(options: Partial<LogOptions> = {}): Log {
  log = createLog({
    path: null,
    level: 'info',
    redactor: createRedactor(['hunter2-hunter2', '1234567890']),
    clock: new FakeClock(),
    alsoTo: (line) => lines.push(line),
    ...options,
  });
  return log;
}

const records = (): unknown[] => lines.map((line): unknown => JSON.parse(line));

describe('createLog()', () => {
  it('writes one JSON line with level, time, facts and sentence', () => {
    create().warn({ server: 'context7', attempt: 2 }, 'Restarting server');
    expect(lines).toEqual([
      '{"level":"warn","time":"2026-01-01T00:00:00.000Z","server":"context7","attempt":2,"msg":"Restarting server"}\n',
    ]);
  });

  it('writes the same lines to its file', async () => {
    const path = join(folder, 'watchdog.log');
    const log = create({ path });
    log.info({ text: 'a\nb' }, 'One');
    log.info({}, 'Two');
    await log.flush();
    expect(fs.readFileSync(path, 'utf8')).toBe(lines.join(''));
    expect(lines).toHaveLength(2);
    log.fatal({}, 'Three');
    log.flushSync();
    expect(fs.readFileSync(path, 'utf8')).toBe(lines.join(''));
  });

  it('leaves out what is below its level, which may change', () => {
    const log = create({ level: 'warn' });
    log.info({}, 'Not this');
    log.level = 'debug';
    log.debug({}, 'This');
    log.trace({}, 'Not this');
    expect(records()).toEqual([expect.objectContaining({ level: 'debug', msg: 'This' })]);
    expect(log.level).toBe('debug');
  });

  it('writes errors with message, stack and cause', () => {
    create().error({ err: new Error('cannot', { cause: new Error('full') }) }, 'Failed');
    expect(records()).toEqual([
      expect.objectContaining({
        err: expect.objectContaining({ message: 'cannot: full', stack: expect.stringContaining('log.test') }),
      }),
    ]);
  });

  it('takes secrets out of facts, keys, numbers, errors and sentences, and stays JSON', () => {
    const secret = 'hunter2-hunter2';
    const facts = {
      url: `http://x/?key=${secret}`,
      [secret]: 1,
      id: 1_234_567_890,
      list: [{ deep: secret }],
      err: new Error(secret),
    };
    create().info(facts, `Says ${secret}`);
    expect(lines[0]).not.toContain('hunter2');
    expect(records()).toEqual([
      expect.objectContaining({ url: 'http://x/?key=[secret]', id: '[secret]', msg: 'Says [secret]' }),
    ]);
  });

  it('never writes environments and headers, known secrets or not', () => {
    create().info(
      { env: { KEY: 'unknown-one' }, request: { headers: { authorization: 'unknown-two' } } },
      'Oops',
    );
    expect(lines[0]).not.toContain('unknown');
  });

  it('is rotated', async () => {
    const path = join(folder, 'watchdog.log');
    const log = create({ path, maxSize: 1000, keep: 2 });
    for (let count = 0; count < 100; count += 1) log.info({ count }, 'Again');
    await log.flush();
    expect(fs.readdirSync(folder).sort()).toEqual(['watchdog.log', 'watchdog.log.1', 'watchdog.log.2']);
  });
});

describe('readLogLevel()', () => {
  it.each([
    [{}, 'info'],
    [{ MCP_LOG_LEVEL: 'DEBUG' }, 'debug'],
    [{ MCP_LOG_LEVEL: 'chatty' }, 'info'],
  ])('reads %o as %s', (environment, level) => expect(readLogLevel(environment)).toBe(level));
});
