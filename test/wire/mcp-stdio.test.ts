import { afterEach, describe, expect, it } from 'vitest';
import { CONTEXT7, EVERYTHING, start, startStdio, stopAll } from '../fixtures/start.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { deadline, stdioSession } from '../probes/session.ts';

afterEach(stopAll);

const passed = { outcome: 'passed', took: expect.any(Number) };
const timedOut = { outcome: 'failed', reason: 'timeout' };

describe('contact over a pipe', () => {
  it('is made by initialize, and the server is told that it succeeded', async () => {
    const session = stdioSession(startStdio());
    expect(await session.connect(deadline())).toEqual(passed);
    expect(session.handshakes).toEqual([
      { era: 'legacy', protocolVersion: '2025-11-25', serverName: 'fixture', serverVersion: '1.2.3' },
    ]);
    expect(await session.probe('liveness', deadline())).toEqual([{ probe: 'ping', result: passed }]);
    expect(await session.probe('full', deadline())).toEqual([
      { probe: 'list_tools', result: { ...passed, tools: 2 } },
    ]);
  });

  it('is made by server/discover with a server of the modern era only, on the same process', async () => {
    const server = startStdio(['--era', 'modern', '--tools', '3']);
    const session = stdioSession(server);
    expect(await session.connect(deadline())).toEqual(passed);
    expect(session.handshakes).toMatchObject([
      { era: 'modern', protocolVersion: '2026-07-28', serverName: 'fixture' },
    ]);
    expect(await session.probe('liveness', deadline())).toEqual([{ probe: 'ping', result: passed }]);
    expect(await session.probe('full', deadline())).toMatchObject([
      { probe: 'list_tools', result: { tools: 3 } },
    ]);
    expect(server.child.exitCode).toBeNull();
  });

  it('is made with a server that exits on any other first word', async () => {
    const session = stdioSession(startStdio(['--behaviour', 'exit-before-init']));
    expect(await session.connect(deadline())).toEqual(passed);
  });

  it('waits for a server that starts slowly, and asks it once', async () => {
    const server = startStdio(['--behaviour', 'slow-start,noise', '--delay', '700']);
    const session = stdioSession(server);
    expect(await session.connect(deadline(100))).toMatchObject({ outcome: 'passed' });
    expect(session.handshakes).toHaveLength(1);
  });

  it('is refused by a server that answers initialize with a passing error, which is not asked anything else', async () => {
    const session = stdioSession(startStdio(['--behaviour', 'refuse']));
    expect(await session.connect(deadline())).toMatchObject({
      outcome: 'failed',
      reason: 'protocol',
      detail: 'The answer to initialize was -32603 Still loading',
    });
  });

  it('ends as closed with a server that exits at once, or closes its pipes', async () => {
    const session = stdioSession(startStdio(['--behaviour', 'exit-at-once']));
    expect(await session.connect(deadline())).toMatchObject({ outcome: 'failed', reason: 'closed' });
  });
});

describe('a look over a pipe', () => {
  it('takes any error for a sign of life', async () => {
    const session = stdioSession(startStdio(['--behaviour', 'errors']));
    await session.connect(deadline());
    expect(await session.probe('liveness', deadline())).toEqual([{ probe: 'ping', result: passed }]);
    expect(await session.probe('full', deadline())).toEqual([{ probe: 'list_tools', result: passed }]);
  });

  it('confirms a ping that is not answered by tools/list', async () => {
    const session = stdioSession(startStdio(['--behaviour', 'no-ping']));
    await session.connect(deadline());
    expect(await session.probe('liveness', deadline(300))).toMatchObject([
      { probe: 'ping', result: timedOut },
      { probe: 'list_tools', result: { outcome: 'passed', tools: 2 } },
    ]);
  });

  it('finds a server frozen that is stopped by a signal', async () => {
    const server = startStdio();
    const session = stdioSession(server);
    await session.connect(deadline());
    process.kill(server.pid, 'SIGSTOP');
    expect(await session.probe('liveness', deadline(300))).toMatchObject([
      { probe: 'ping', result: { ...timedOut, detail: 'No answer to ping within 300 ms' } },
      { probe: 'list_tools', result: timedOut },
    ]);
    process.kill(server.pid, 'SIGCONT');
    expect(await session.probe('liveness', deadline())).toMatchObject([{ result: passed }]);
    expect(session.connection?.counters.unmatchedResponses).toBe(2);
  });

  it('finds a server stuck whose event loop is blocked', async () => {
    const server = startStdio(['--behaviour', 'block']);
    const session = stdioSession(server);
    await session.connect(deadline());
    process.kill(server.pid, 'SIGUSR2');
    await waitFor(async () => (await session.probe('full', deadline(200)))[0].result.outcome === 'failed');
  });

  it('finds a server stuck that answered once', async () => {
    const session = stdioSession(startStdio(['--behaviour', 'hang-after']));
    expect(await session.connect(deadline())).toEqual(passed);
    expect((await session.probe('liveness', deadline(200))).at(-1)?.result).toMatchObject(timedOut);
  });

  it('sees through a bridge whose server is gone or hangs, where ping is still answered', async () => {
    const dead = stdioSession(startStdio(['--behaviour', 'backend-dead']));
    await dead.connect(deadline());
    expect(await dead.probe('liveness', deadline())).toEqual([{ probe: 'ping', result: passed }]);
    expect(await dead.probe('full', deadline())).toMatchObject([
      {
        probe: 'list_tools',
        result: {
          outcome: 'failed',
          reason: 'protocol',
          detail: expect.stringContaining('Not connected'),
        },
      },
    ]);
    const hung = stdioSession(startStdio(['--behaviour', 'backend-hung']));
    await hung.connect(deadline());
    expect(await hung.probe('full', deadline(200))).toMatchObject([
      { probe: 'list_tools', result: timedOut },
    ]);
  });

  it('asks a server without tools for what it has, or pings it', async () => {
    const prompts = stdioSession(startStdio(['--capabilities', 'prompts']));
    await prompts.connect(deadline());
    expect(await prompts.probe('full', deadline())).toEqual([{ probe: 'list_tools', result: passed }]);
    const nothing = stdioSession(startStdio(['--capabilities', 'none']));
    await nothing.connect(deadline());
    expect(await nothing.probe('full', deadline())).toEqual([{ probe: 'ping', result: passed }]);
  });

  it('counts the tools of all pages', async () => {
    const session = stdioSession(startStdio(['--behaviour', 'paged', '--tools', '5']));
    await session.connect(deadline());
    expect(await session.probe('full', deadline())).toMatchObject([{ result: { tools: 5 } }]);
  });

  it('is inconclusive when it was broken off', async () => {
    const server = startStdio(['--behaviour', 'no-ping']);
    const session = stdioSession(server);
    await session.connect(deadline());
    const controller = new AbortController();
    const looking = session.probe('liveness', deadline(5_000, controller.signal));
    controller.abort({ end: 'discarded' });
    expect((await looking).at(-1)?.result).toMatchObject({ outcome: 'inconclusive' });
  });
});

describe('real servers over a pipe', () => {
  it.each([
    ['context7', CONTEXT7, [], 2],
    ['server-everything', EVERYTHING, ['stdio'], 13],
  ])('%s is greeted, answers, and is found frozen', async (_name, script, args, tools) => {
    const server = start(script, args);
    const session = stdioSession(server);
    expect(await session.connect(deadline())).toMatchObject({ outcome: 'passed' });
    expect(session.handshakes).toMatchObject([{ era: 'legacy', protocolVersion: '2025-11-25' }]);
    expect(await session.probe('liveness', deadline())).toEqual([{ probe: 'ping', result: passed }]);
    const [full] = await session.probe('full', deadline());
    expect(full).toMatchObject({ probe: 'list_tools', result: passed });
    expect(full.result.outcome === 'passed' && full.result.tools).toBeGreaterThanOrEqual(tools);
    process.kill(-server.pid, 'SIGSTOP');
    expect((await session.probe('full', deadline(500))).at(-1)?.result).toMatchObject(timedOut);
  });
});
