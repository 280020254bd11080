import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect } from '../../src/control/client.ts';
import { FakeClock } from '../fakes/clock.ts';
import { missingHome } from '../fakes/temp-home.ts';

/** Answers every connection with these bytes. */
async function impostor(answer: string | null): Promise<string> {
  const { socket, run } = missingHome();
  mkdirSync(run, { recursive: true, mode: 0o700 });
  const server = createServer((connection) => {
    connection.on('error', () => {});
    if (answer !== null) connection.on('data', () => connection.write(answer));
  });
  await new Promise<void>((resolve) => void server.listen(socket, resolve));
  onTestFinished(() => void server.close());
  return socket;
}

describe('connect()', () => {
  it('says that there is no daemon, and how to start one', async () => {
    const { socket, home } = missingHome();
    await expect(connect(socket)).rejects.toMatchObject({
      code: 'NO_DAEMON',
      message: `Cannot reach the daemon: none is running in "${home}"`,
      hint: 'Start it with mcp-watchdog start, or in the foreground with mcp-watchdog run',
    });
  });

  it('gives up on a daemon that does not answer in time', async () => {
    const clock = new FakeClock();
    const client = await connect(await impostor(null), { clock });
    onTestFinished(() => client.close());
    const asked = client.request('status', {}, { timeout: 3000 });
    const outcome = expect(asked).rejects.toMatchObject({
      message: 'Cannot get an answer to "status": the daemon gave none within 3 s',
    });
    await clock.advance(3000);
    await outcome;
    expect(clock.pending).toBe(0);
  });

  it('gives up on a daemon that shows no status to who watches it', async () => {
    const clock = new FakeClock();
    const client = await connect(await impostor(null), { clock });
    const watching = client.watch(() => {}, new AbortController().signal);
    const outcome = expect(watching).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
      message: 'Cannot get an answer to "watch": the daemon gave none within 10 s',
    });
    await clock.advance(10_000);
    await outcome;
    await client.closed;
    expect(clock.pending).toBe(0);
  });

  it.each([
    'null',
    '{}',
    '{"daemon":{},"servers":[]}',
    '{"daemon":{"config":{}},"servers":{}}',
    '{"daemon":{"config":{}},"servers":[{}]}',
  ])('takes %s for no status', async (status) => {
    const refusal = { code: 'CONTROL_FAILED', message: 'Cannot read the answer: it is no status of servers' };
    const asked = await connect(await impostor(`{"v":1,"id":1,"result":${status}}\n`));
    onTestFinished(() => asked.close());
    await expect(asked.request('status', {})).rejects.toMatchObject(refusal);
    const watching = await connect(await impostor(`{"v":1,"id":1,"status":${status}}\n`));
    const seen = watching.watch(() => {}, new AbortController().signal);
    // Null is no reply at all to who watches.
    await expect(seen).rejects.toMatchObject(status === 'null' ? { code: 'CONTROL_FAILED' } : refusal);
  });

  it.each([
    ['nonsense\n', 'Cannot read the answer: it is not a JSON object'],
    [
      '{"v":2,"id":1,"result":1}\n',
      'Cannot read the answer: it speaks control protocol 2, this side speaks 1',
    ],
    [
      '{"v":1,"id":null,"error":{"code":"CONTROL_FAILED","message":"Cannot go on","hint":null}}\n',
      'Cannot go on',
    ],
  ])('refuses %j for an answer', async (answer, message) => {
    const client = await connect(await impostor(answer));
    await expect(client.request('status', {})).rejects.toMatchObject({ code: 'CONTROL_FAILED', message });
    await client.closed;
  });

  it('does not wait for ever after a reply that is no answer', async () => {
    const reply = '{"v":1,"id":1,"status":{"daemon":{"config":{}},"servers":[]}}\n';
    const client = await connect(await impostor(reply));
    onTestFinished(() => client.close());
    await expect(client.request('status', {})).rejects.toMatchObject({
      code: 'CONTROL_FAILED',
      message: 'Cannot read the answer: it is none to "status"',
    });
  });

  it('hangs up on an answer longer than 16 MiB', async () => {
    const client = await connect(await impostor('x'.repeat(16 * 1024 ** 2 + 1)));
    await expect(client.request('status', {})).rejects.toMatchObject({
      message: expect.stringContaining('longer than'),
    });
  });
});
