// How long all built-in rules take, beside a real Prometheus that evaluates them on the same samples.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryFolder } from '../lib/clean-up.mjs';
import { freePort } from '../lib/http.mjs';
import { absent, row } from '../lib/rows.mjs';
import { start } from '../lib/start.mjs';
import { sleep, until } from '../lib/wait.mjs';

export const title = 'one evaluation of all built-in rules, after six hours';

const PROGRAM = fileURLToPath(new URL('../programs/rules.mjs', import.meta.url));
const RULES = fileURLToPath(new URL('../../alerting/rules/*.yml', import.meta.url));
const MIB = 1024 * 1024;
const run = promisify(execFile);

export async function measure(options) {
  return [
    ...(await measureFleet(10, { ...options, atMost: 2, storeAtMost: 20 })),
    ...(await measureFleet(200, { ...options, atMost: 50 })),
  ];
}

async function measureFleet(count, { quick, atMost, storeAtMost }) {
  const folder = await temporaryFolder();
  const times = quick ? 20 : 100;
  // Less than the two hours of a window would leave rules without a result.
  const ours = await evaluateOurs(count, { hours: quick ? 2.5 : 6, times, folder });
  if (ours.failed > 0) throw new Error(`${ours.failed} rules failed over ${count} servers`);
  const who = `mcp-watchdog, ${count} servers`;
  const floor = await evaluateTheirs(count, { folder, times: quick ? 5 : 15 });
  const beside = floor.why === undefined ? { floor } : {};
  const memory = storeAtMost === undefined ? {} : { target: { of: 'median', atMost: storeAtMost } };
  return [
    floor,
    row({ who, samples: ours.took.rules, unit: 'ms', ...beside, target: { of: 'median', atMost } }),
    row({ who, note: 'metrics read and fed as well', samples: ours.took.tick, unit: 'ms', ...beside }),
    row({
      who,
      note: `memory of ${ours.store.series} series`,
      samples: [ours.memory / MIB],
      unit: 'MiB',
      ...memory,
    }),
  ];
}

async function evaluateOurs(count, { hours, times, folder }) {
  const args = [count, hours, times].map(String);
  return JSON.parse(await outputOf([process.execPath, '--expose-gc', PROGRAM, ...args, folder]));
}

/** Of a program that may take minutes, and is ended when the bench is. */
async function outputOf(argv) {
  const { stdout, ended } = start(argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const text = await readAll(stdout);
  const end = await ended;
  if (end !== 'exit code 0') throw new Error(`${argv.slice(0, 3).join(' ')} ended with ${end}`);
  return text;
}

/** Its groups run side by side; the sum is what one after another would take. */
async function evaluateTheirs(count, { folder, times }) {
  const who = `prometheus, ${count} servers`;
  const version = await versionOf('prometheus');
  if (version === null) return absent(who, 'not on the PATH');
  const data = join(folder, 'data');
  await outputOf([
    'promtool',
    'tsdb',
    'create-blocks-from',
    'openmetrics',
    '--quiet',
    join(folder, 'samples.txt'),
    data,
  ]);
  const config = join(folder, 'prometheus.yml');
  await writeFile(config, `global: { evaluation_interval: 1s }\nrule_files: ['${RULES}']\n`);
  const port = await freePort();
  const { stop } = start([
    'prometheus',
    `--config.file=${config}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ]);
  try {
    const samples = await readDurations(`http://127.0.0.1:${port}/metrics`, times);
    return row({ who: `prometheus ${version}, ${count} servers`, short: 'prometheus', samples, unit: 'ms' });
  } finally {
    await stop();
  }
}

async function readDurations(url, times) {
  const read = () => fetch(url).then((response) => response.text());
  await until(
    async () => (await read().catch(() => '')).includes('prometheus_rule_group_last_duration_seconds{'),
    {
      within: 60_000,
      what: 'Prometheus to evaluate rules',
    },
  );
  // The first evaluations fetch everything from the disk.
  await sleep(5000);
  const samples = [];
  for (let index = 0; index < times; index += 1) {
    await sleep(1000);
    const text = await read();
    const failed = /^prometheus_rule_evaluation_failures_total\{.*\} [1-9]/mu.exec(text);
    if (failed !== null) throw new Error(`A rule failed in Prometheus: ${failed[0]}`);
    const found = [...text.matchAll(/^prometheus_rule_group_last_duration_seconds\{.*\} (\S+)$/gmu)];
    samples.push(found.reduce((sum, [, seconds]) => sum + Number(seconds), 0) * 1000);
  }
  return samples;
}

async function versionOf(program) {
  try {
    const { stdout, stderr } = await run(program, ['--version']);
    return /version (\S+?)\+?(?:ds)?[\s,]/u.exec(stdout + stderr)?.[1] ?? '';
  } catch {
    return null;
  }
}
