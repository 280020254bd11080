import { afterEach, describe, expect, it } from 'vitest';
import { specOf } from '../../fakes/spec.ts';
import { startHttp, startStdio, stopAll } from '../../fixtures/start.ts';
import { deadline, sessionOf, stdioSession, type TestSession } from '../session.ts';

afterEach(stopAll);

const open: Record<string, (flags: readonly string[]) => Promise<TestSession>> = {
  stdio: async (flags) => stdioSession(startStdio(flags)),
  async http(flags) {
    const { url } = await startHttp(flags);
    return sessionOf(specOf({ transport: 'http', url }));
  },
  async events(flags) {
    const { url } = await startHttp([...flags, '--answers', 'sse']);
    return sessionOf(specOf({ transport: 'http', url }));
  },
  async sse(flags) {
    const { url } = await startHttp(['--transport', 'sse', ...flags]);
    return sessionOf(specOf({ transport: 'sse', url }));
  },
};

const flags = {
  deep: ['--behaviour', 'deep'],
  long: ['--behaviour', 'long-answer'],
  many: ['--tools', '30000'],
  cursor: ['--behaviour', 'long-cursor'],
};

describe.each(Object.keys(open))('a list of tools over %s that is no list for anybody', (transport) => {
  it.each([
    ['deep', /answer\b.* nests deeper than 128 levels/u],
    ['long', /(?:answer\b.*|event of the server) is longer than 4 MiB/u],
    ['many', /answer\b.* holds more than 100000 values/u],
  ] as const)('is an answer that is not read: no miss, but a remark: %s', async (kind, detail) => {
    const session = (await open[transport]?.(flags[kind]))!;
    expect(await session.connect(deadline())).toMatchObject({ outcome: 'passed' });
    const attempts = await session.probe('full', deadline(20_000));
    expect(attempts.at(-1)?.result).toMatchObject({ outcome: 'passed' });
    expect(attempts.at(-1)?.result).not.toHaveProperty('tools');
    expect(session.remarks.get('odd_list')).toMatch(detail);
  });

  it('fails the probe at once, and says why, where its next page has a name of 64 KiB', async () => {
    const session = (await open[transport]?.(flags.cursor))!;
    expect(await session.connect(deadline())).toMatchObject({ outcome: 'passed' });
    const attempts = await session.probe('full', deadline(20_000));
    expect(attempts.at(-1)?.result).toMatchObject({
      outcome: 'failed',
      reason: 'protocol',
      detail: 'The answer to tools/list names its next page with more than 65536 characters',
    });
  });
});
