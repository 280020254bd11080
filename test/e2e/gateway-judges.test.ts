// Judges that are not ours at the gateway of a daemon: the MCP conformance suite and the inspector.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { fixture } from './daemon.ts';
import { gatewayPlace } from './gateway-clients.ts';

const JUDGED = fileURLToPath(new URL('../fixtures/servers/judged.mjs', import.meta.url));
const resolve = createRequire(import.meta.url).resolve;

/** The suite reads its files with functions that earlier versions of Node lack. */
const RUNS_SUITE = Number(process.versions.node.split('.')[0]) >= 24;

const judged = (...args: string[]) => ({ ...fixture(), command: [process.execPath, JUDGED, ...args] });

/** Runs a program to its end, whatever it thinks of the server. */
function run(file: string, args: readonly string[]): Promise<string> {
  const cwd = mkdtempSync(join(tmpdir(), 'mcpw-judge-'));
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  return new Promise((done) => {
    execFile(
      process.execPath,
      [file, ...args],
      { cwd, maxBuffer: 64 * 1024 * 1024 },
      (_error, stdout, stderr) => done(`${stdout}\n${stderr}`),
    );
  });
}

/** Passed and failed checks by scenario. */
async function conformance(url: URL, requirements: string): Promise<Readonly<Record<string, string>>> {
  const suite = join(dirname(resolve('@modelcontextprotocol/conformance/package.json')), 'dist', 'index.js');
  const output = await run(suite, ['server', '--url', url.href, '--requirements', requirements]);
  const lines = output.matchAll(/^[✓✗] ([\w-]+): (\d+) passed, (\d+) failed$/gmu);
  return Object.fromEntries(
    [...lines].map(([, name = '', passed = '', failed]) => [
      name,
      `${passed}/${Number(passed) + Number(failed)}`,
    ]),
  );
}

/** What the gateway itself is responsible for, and a few calls that go through. */
const LEGACY = {
  'server-initialize': '3/3',
  ping: '2/2',
  'server-session-lifecycle': '3/3',
  'dns-rebinding-protection': '2/2',
  'logging-set-level': '2/2',
  'completion-complete': '2/2',
  'tools-list': '3/3',
  'tools-call-simple-text': '2/2',
  'tools-call-error': '2/2',
  'tools-call-with-logging': '2/2',
  'tools-call-with-progress': '2/2',
  'tools-call-sampling': '2/2',
  'tools-call-elicitation': '2/2',
  'server-sse-multiple-streams': '1/1',
  'resources-list': '2/2',
  'resources-read-text': '2/2',
  'resources-subscribe': '2/2',
  'resources-unsubscribe': '2/2',
  'prompts-list': '2/2',
  'prompts-get-simple': '2/2',
};
const MODERN = {
  'server-stateless': '28/28',
  'http-header-validation': '14/14',
  'http-custom-header-server-validation': '10/10',
  caching: '8/8',
  'dns-rebinding-protection': '2/2',
  'server-sse-multiple-streams': '1/1',
  'completion-complete': '2/2',
  'tools-list': '4/4',
  'tools-call-simple-text': '2/2',
  'tools-call-error': '2/2',
  'tools-call-with-progress': '2/2',
  'resources-list': '2/2',
  'resources-read-text': '2/2',
  'sep-2164-resource-not-found': '4/4',
  'prompts-list': '2/2',
  'prompts-get-simple': '2/2',
  'input-required-result-basic-elicitation': '3/3',
  'input-required-result-result-type': '2/2',
  'input-required-result-validate-input': '3/3',
};

describe('the MCP conformance suite', () => {
  test.runIf(RUNS_SUITE)(
    'finds nothing wrong, in both eras in front of and behind the gateway',
    { timeout: 400_000 },
    async () => {
      const place = await gatewayPlace();
      const daemon = await place.start({
        old: { ...judged(), gateway: { capabilities: ['sampling', 'elicitation', 'roots'] } },
        new: judged('--era', 'modern'),
      });
      await Promise.all([daemon.up('old'), daemon.up('new')]);
      expect(await conformance(place.url('old'), '2025-11-25')).toMatchObject(LEGACY);
      expect(await conformance(place.url('new'), '2026-07-28')).toMatchObject(MODERN);
    },
  );
});

describe('the inspector', () => {
  test('lists and calls tools', { timeout: 180_000 }, async () => {
    const place = await gatewayPlace();
    const daemon = await place.start({ old: judged(), new: judged('--era', 'modern') });
    await Promise.all([daemon.up('old'), daemon.up('new')]);
    const inspector = resolve('@modelcontextprotocol/inspector-cli/build/cli.js');
    const ask = (name: string, ...method: string[]): Promise<string> =>
      run(inspector, ['--cli', place.url(name).href, '--transport', 'http', '--method', ...method]);
    const [listed, called] = await Promise.all([
      ask('new', 'tools/list'),
      ask('old', 'tools/call', '--tool-name', 'test_simple_text'),
    ]);
    expect(listed).toContain('"test_simple_text"');
    expect(called).toContain('This is a simple text response for testing.');
  });
});
