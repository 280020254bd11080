// Journal: events are read back, routine is left out, no secret is written.
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WatchdogEvent } from '../../src/core/model/events.ts';
import type { HealthVerdict } from '../../src/core/model/observations.ts';
import type { ServerSpec } from '../../src/core/model/server-spec.ts';
import { createRedactor } from '../../src/core/base/text.ts';
import { openJournal, readJournal } from '../../src/journal/journal.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { FakeClock } from '../fakes/clock.ts';
import { specOf } from '../fakes/spec.ts';
import { memoryOf, progressOf, ROLLED_BACK } from '../fakes/updates.ts';

let folder: string;
let path: string;
let journal: Journal;
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'watchdog-journal-'));
  path = join(folder, 'journal', 'events.jsonl');
  journal = open();
});
afterEach(async () => {
  await journal.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

const open = (options: Partial<Parameters<typeof openJournal>[0]> = {}): Journal =>
  openJournal({ path, clock: new FakeClock(), redactor: createRedactor(['known-secret']), ...options });

function text(): string {
  journal.flushSync();
  return fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : '';
}

async function recorded(...events: WatchdogEvent[]): Promise<unknown[]> {
  for (const event of events) journal.record(event);
  journal.flushSync();
  return await readJournal(path, { limit: 100 });
}

function specWith(secrets: Parameters<typeof specOf>[0]): ServerSpec {
  return specOf({
    name: 'files',
    source: {
      kind: 'package',
      manager: 'npm',
      package: '@upstash/context7-mcp',
      version: 'latest',
      bin: null,
    },
    transport: 'http',
    url: 'http://127.0.0.1:3000/mcp',
    ...secrets,
  });
}

const health = (at: number, verdict: Partial<HealthVerdict>): WatchdogEvent => ({
  at,
  kind: 'health',
  server: 'files',
  health: { up: true, suspect: false, unauthorized: false, consecutiveFailures: 0, detail: null, ...verdict },
});

describe('openJournal()', () => {
  it('keeps events in order, over restarts, to be read back', async () => {
    const first: WatchdogEvent = {
      at: 1,
      kind: 'spawned',
      server: 'files',
      run: 1,
      pid: 42,
      version: '1.0.0',
    };
    const second: WatchdogEvent = {
      at: 2,
      kind: 'exited',
      server: 'files',
      run: 1,
      code: null,
      signal: 'SIGKILL',
      lastLines: ['oh'],
    };
    await recorded(first);
    await journal.close();
    journal = open();
    expect(await recorded(second)).toEqual([first, second]);
    expect(await readJournal(path, { limit: 1 })).toEqual([second]);
    expect(fs.statSync(path).mode & 0o777).toBe(0o600);
  });

  it('leaves out what is routine and keeps what went wrong', async () => {
    const failed: WatchdogEvent = {
      at: 5,
      kind: 'probed',
      server: 'files',
      probe: 'ping',
      result: { outcome: 'failed', took: 5000, reason: 'timeout', detail: 'no answer in 5 s' },
    };
    const entries = await recorded(
      { at: 1, kind: 'ticked' },
      { at: 2, kind: 'collected', collector: 'processes', took: 3, error: null },
      { at: 3, kind: 'probed', server: 'files', probe: 'ping', result: { outcome: 'passed', took: 2 } },
      { at: 4, kind: 'install-progress', server: 'files', line: 'added 93 packages' },
      failed,
    );
    expect(entries).toEqual([failed]);
  });

  it('writes a verdict when it changes', async () => {
    const entries = await recorded(
      health(1, {}),
      health(2, {}),
      health(3, { up: false, consecutiveFailures: 3 }),
      health(4, { up: false, consecutiveFailures: 4 }),
      health(5, {}),
      { at: 6, kind: 'server-removed', server: 'files' },
      health(7, {}),
    );
    expect(entries).toEqual([1, 3, 5, 6, 7].map((at) => expect.objectContaining({ at })));
  });

  it('writes each phase of an update once, and each end', async () => {
    const moved = (at: number, change: Parameters<typeof progressOf>[0]): WatchdogEvent => ({
      at,
      kind: 'update-moved',
      server: 'files',
      progress: progressOf(change),
    });
    const settled = (at: number): WatchdogEvent => ({
      at,
      kind: 'update-settled',
      server: 'files',
      memory: memoryOf({ last: ROLLED_BACK }),
      isNews: true,
    });
    const entries = await recorded(
      moved(1, {}),
      moved(2, { detail: '12 packages' }),
      moved(3, { detail: '99 packages' }),
      moved(4, { phase: 'canary' }),
      settled(5),
      moved(6, { phase: 'canary' }),
      settled(7),
    );
    expect(entries).toEqual([1, 4, 5, 6, 7].map((at) => expect.objectContaining({ at })));
  });

  it('tells of one flood every ten minutes', async () => {
    const flood = (second: number): WatchdogEvent => ({
      at: second * 1000,
      kind: 'log-dropped',
      server: 'files',
      lines: 1,
      bytes: 9,
    });
    for (let second = 0; second < 1800; second += 1) journal.record(flood(second));
    expect(await recorded()).toHaveLength(3);
  });

  it('sums a specification up', async () => {
    const url = 'http://alice:pass@example.org:3000/mcp?key=k#f';
    const entries = await recorded({ at: 1, kind: 'server-added', server: 'files', spec: specWith({ url }) });
    const configured = {
      source: 'package',
      program: '@upstash/context7-mcp',
      version: 'latest',
      transport: 'http',
      url: 'http://example.org:3000/mcp',
    };
    expect(entries).toEqual([{ at: 1, kind: 'server-added', server: 'files', configured }]);
  });

  it('never holds what an environment, an argument, a command or a URL kept secret', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9]{6,30}$/u).map((value) => `S3CR3T${value}`);
    const kinds = fc.constantFrom<'server-added' | 'server-changed'>('server-added', 'server-changed');
    fc.assert(
      fc.property(secret, kinds, (value, kind) => {
        const probe = { ...specWith({}).probe, url: `http://x/?t=${value}`, command: ['check', value] };
        const command: readonly [string, ...string[]] = ['node', 'server.js', `--token=${value}`];
        const spec = specWith({
          env: { API_KEY: value },
          headers: { authorization: `Bearer ${value}` },
          args: ['--api-key', value],
          source: { kind: 'command', command },
          url: `https://${value}:${value}@example.org/mcp?token=${value}#${value}`,
          probe,
        });
        journal.record({ at: 1, kind, server: 'files', spec });
      }),
    );
    expect(text()).not.toContain('S3CR3T');
    expect(text()).toContain('server-changed');
  });

  it('takes known secrets out of every event', () => {
    journal.record({
      at: 1,
      kind: 'exited',
      server: 'files',
      run: 1,
      code: 1,
      signal: null,
      lastLines: ['key=known-secret'],
    });
    journal.record({
      at: 2,
      kind: 'config-loaded',
      path: '/x',
      ok: false,
      error: 'bad value "known-secret"',
    });
    expect(text()).not.toContain('known-secret');
    expect(text()).toContain('key=[secret]');
  });

  it('is rotated', async () => {
    await journal.close();
    journal = open({ maxSize: 1000, keep: 2 });
    for (let at = 0; at < 200; at += 1) journal.record({ at, kind: 'server-removed', server: 'files' });
    journal.flushSync();
    expect(fs.readdirSync(join(folder, 'journal')).sort()).toEqual([
      'events.jsonl',
      'events.jsonl.1',
      'events.jsonl.2',
    ]);
    const entries = await readJournal(path, { limit: 25 });
    expect(entries.map(({ at }) => at)).toEqual(Array.from({ length: 25 }, (_, index) => 175 + index));
  });
});

describe('readJournal()', () => {
  it('passes over lines that are no events', async () => {
    const event: WatchdogEvent = { at: 1, kind: 'server-removed', server: 'files' };
    fs.mkdirSync(join(folder, 'journal'));
    fs.writeFileSync(path, `{"at":1,"kind":"ser\nnull\n[]\n{"at":"x"}\n${JSON.stringify(event)}\n`);
    expect(await readJournal(path, { limit: 10 })).toEqual([event]);
  });

  it('finds nothing where there is no journal', async () => {
    expect(await readJournal(join(folder, 'none'), { limit: 10 })).toEqual([]);
  });
});
