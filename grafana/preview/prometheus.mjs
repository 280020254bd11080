// A real Prometheus on a past that was written for it: samples in, rules worked out by itself, questions answered.
import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { evaluateRules, levelsOf } from './rules.mjs';

/**
 * @param scrapes texts in OpenMetrics without an end, in order of time
 * @param options `ruleFiles`, and what `evaluateRules` wants to know
 * @returns `ask(path, parameters)`, as the HTTP API answers, and `stop()`
 */
export async function openHistory(scrapes, { ruleFiles, ...span }) {
  const folder = mkdtempSync(join(tmpdir(), 'preview-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await addBlocks(folder, scrapes);
  // Rules may read what rules before them made, which is there only once it is written.
  for (const rules of levelsOf(ruleFiles)) {
    const server = await launch(folder);
    const lines = await evaluateRules(rules, { ask: server.ask, ...span });
    await server.stop();
    await addBlocks(folder, lines);
  }
  return launch(folder);
}

async function addBlocks(folder, texts) {
  const file = join(folder, 'samples.om');
  const out = createWriteStream(file);
  for await (const text of texts) if (text !== '' && !out.write(`${text}\n`)) await once(out, 'drain');
  out.end('# EOF\n');
  await once(out, 'finish');
  execFileSync('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', '-q', file, join(folder, 'data')]);
  rmSync(file);
}

async function launch(folder) {
  const port = await freePort();
  const base = `http://127.0.0.1:${port}`;
  writeFileSync(join(folder, 'prometheus.yml'), '');
  const child = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      // What is written for it is older than it would keep.
      '--storage.tsdb.retention.time=50y',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  await isReady(base);
  return {
    ask: (path, parameters) => ask(`${base}/api/v1/${path}`, parameters),
    async stop() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      process.off('exit', kill);
    },
  };
}

async function isReady(base) {
  for (let tries = 0; tries < 300; tries += 1) {
    const response = await fetch(`${base}/-/ready`).catch(() => null);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('Prometheus did not become ready');
}

async function ask(url, parameters) {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(parameters) });
  const { status, error, data } = await response.json();
  if (status !== 'success') throw new Error(`Prometheus refused: ${error}\n${parameters.query ?? url}`);
  return data;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
