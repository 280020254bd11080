import { afterEach, describe, expect, it } from 'vitest';
import { ProbeHabits } from '../../src/probes/habits.ts';
import { specOf } from '../fakes/spec.ts';
import { startHttp, stopAll } from '../fixtures/start.ts';
import { deadline, sessionOf } from './session.ts';

afterEach(stopAll);

async function probed(behaviour: string) {
  const server = await startHttp(['--sessions', '--behaviour', behaviour]);
  const habits = new ProbeHabits();
  const open = (source: 'command' | 'url' = 'command') =>
    sessionOf(
      specOf({
        transport: 'http',
        url: server.url,
        ...(source === 'url' && { source: { kind: 'url' } }),
      }),
      null,
      habits,
    );
  return { server, habits, open };
}

const passed = [{ probe: 'ping', result: { outcome: 'passed' } }];

describe('a server that takes one session only', () => {
  it('is found by the first probe, and told: its process has to be replaced for a client', async () => {
    const { server, habits, open } = await probed('single-session');
    const session = open();
    await session.connect(deadline());
    expect(await session.probe('liveness', deadline())).toMatchObject(passed);
    expect(session.taken).toBe(1);
    expect(habits.sessions).toBe('single');
    expect(session.remarks.get('single_session')).toContain('it was restarted once to be free for a client');
    expect(await server.stats()).toMatchObject({ sessions: 0 });
  });

  it('is left to a client by the next process: no handshake, only HTTP', async () => {
    const { server, habits, open } = await probed('single-session');
    habits.sessions = 'single';
    const session = open();
    expect(await session.connect(deadline())).toMatchObject({ outcome: 'passed' });
    expect(await session.probe('full', deadline())).toMatchObject(passed);
    expect((await server.stats()).requests).toEqual({});
    expect(session.remarks.get('single_session')).toContain('which is left to a client');
  });

  it('is left to a client who has it already', async () => {
    const { server, open } = await probed('single-session');
    await open().connect(deadline());
    const session = open();
    expect(await session.connect(deadline())).toMatchObject({ outcome: 'passed' });
    expect(session.remarks.get('single_session')).toContain('a client has it');
    expect((await server.stats()).requests).toMatchObject({ initialize: 1 });
  });

  it('is left to a client by a server that we do not start, and not asked again', async () => {
    const { open } = await probed('single-session');
    await open().connect(deadline());
    const session = open('url');
    expect(await session.probe('full', deadline())).toMatchObject(passed);
    expect(await session.probe('full', deadline())).toMatchObject(passed);
    expect(session.remarks.get('single_session')).toContain('a client has it');
  });

  it('is only let go where that frees it', async () => {
    const { server, open } = await probed('one-session');
    const session = open();
    await session.connect(deadline());
    await session.probe('liveness', deadline());
    expect(session.taken).toBe(0);
    expect(session.remarks.get('single_session')).toContain('the watchdog gave it up');
    expect(await server.stats()).toMatchObject({ sessions: 0 });
  });

  it('is not what a server is that gives many: asked once, and nothing is left there', async () => {
    const { server, habits, open } = await probed('none');
    const session = open();
    await session.connect(deadline());
    for (let round = 0; round < 3; round += 1) await session.probe('liveness', deadline());
    expect(habits.sessions).toBe('many');
    expect(session.remarks.has('single_session')).toBe(false);
    expect(await server.stats()).toMatchObject({ sessions: 1, requests: { initialize: 2, ping: 3 } });
  });
});

describe('a server whose processes grow with each probe', () => {
  it('is probed without MCP once that is certain, and stays so in its next process', async () => {
    const { server, habits, open } = await probed('none');
    const session = open();
    await session.connect(deadline());
    for (const processes of [1, 3, 5, 5, 5, 5, 7, 9]) {
      habits.noteSample(processes);
      expect((await session.probe('liveness', deadline())).at(-1)).toMatchObject(passed[0]!);
    }
    expect(session.remarks.get('process_growth')).toContain(
      'each MCP request leaves processes behind (1 to 9 processes',
    );
    const { requests } = await server.stats();
    const next = open();
    await next.connect(deadline());
    habits.noteSample(1);
    await next.probe('full', deadline());
    expect((await server.stats()).requests).toMatchObject({ ping: requests['ping'] });
  });
});
