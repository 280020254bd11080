// What a server blurts out about its environment, or a url carries, is shown to nobody.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fixture, startDaemon } from '../e2e/daemon.ts';
import { waitFor } from '../fakes/wait-for.ts';

const SECRET = 'tooth-fairy-42';

it('shows no secret of a server that tells it in its errors', async () => {
  const daemon = await startDaemon({
    confessor: fixture(['--behaviour', 'confess'], { env: { API_TOKEN: SECRET }, start: { timeout: '1s' } }),
    watched: {
      url: `http://ada:${SECRET}@127.0.0.1:9/mcp?api_key=${SECRET}#${SECRET}`,
      probe: { interval: '500ms', timeout: '1s', failures: 1 },
    },
  });
  const { stderr, seen } = await waitFor(
    async () => {
      const seen = JSON.stringify(await daemon.status());
      const { lastFailure } = await daemon.server('confessor');
      const lastLines = (await daemon.journal('exited')).flatMap((exit) => exit.lastLines);
      // Told by the server in both ways, and taken from it.
      return lastFailure !== null && lastLines.length > 0 && { seen, stderr: lastLines.join('\n') };
    },
    { timeout: 20_000, what: 'the confession' },
  );
  expect(stderr).toContain('The key [secret] is not valid');
  const texts = ['/status.txt', '/api/v1/status', '/api/v1/events', '/api/v1/alerts'].map(async (path) =>
    (await fetch(`${daemon.url}${path}`)).text(),
  );
  const [page = '', ...answers] = await Promise.all(texts);
  for (const text of answers) expect(text).not.toContain(SECRET);
  const shown = [seen, page, await daemon.metrics(), daemon.output()];
  for (const argv of [['status'], ['status', 'confessor'], ['status', 'watched'], ['status', '--json']])
    shown.push(daemon.run(...argv).out);
  shown.push(readFileSync(`${daemon.home}/journal/events.jsonl`, 'utf8'));
  for (const text of shown) {
    expect(text).toMatch(/confessor|watched/);
    expect(text).not.toContain(SECRET);
  }
  expect((await daemon.server('watched')).url).toBe('http://127.0.0.1:9/mcp');
});
