// What two hundred watchdogs cost the Prometheus that scrapes them, beside two hundred exporters with the library's default metrics.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../lib/clean-up.mjs';
import { freePort } from '../lib/http.mjs';
import { processorTime, residentMegabytes } from '../lib/processes.mjs';
import { absent, row } from '../lib/rows.mjs';
import { start } from '../lib/start.mjs';
import { sleep, until } from '../lib/wait.mjs';

export const title = 'one Prometheus that scrapes 200 machines with 5 servers each, every 15 s';

const EXPORTERS = fileURLToPath(new URL('../programs/exporters.mjs', import.meta.url));
const MACHINES = 200;
const INTERVAL = 15_000;

export async function measure({ quick }) {
  const rounds = quick ? 2 : 3;
  const bare = await scrapeAll('bare', rounds);
  if (bare === null) return [absent('prometheus', 'not on the PATH')];
  const ours = await scrapeAll('watchdog', rounds);
  return [...three('default metrics of prom-client', bare), ...three('mcp-watchdog', ours, bare)];
}

function three(who, got, floor) {
  const beside = (key) =>
    floor === undefined ? {} : { floor: row({ who: 'bare', short: 'bare', samples: floor[key], unit: '' }) };
  return [
    row({
      who,
      note: `${got.series} series: processor`,
      samples: got.load,
      unit: '% of a core',
      ...beside('load'),
    }),
    row({ who, note: 'memory', samples: got.memory, unit: 'MiB', ...beside('memory') }),
    row({ who, note: 'one scrape', samples: got.scrapes, unit: 'ms', ...beside('scrapes') }),
  ];
}

/** Null without a Prometheus. `load` has a sample a round of scrapes. */
async function scrapeAll(kind, rounds) {
  const folder = await temporaryFolder();
  const exporters = start([process.execPath, EXPORTERS, kind, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await firstLine(exporters.stdout);
  const config = join(folder, 'prometheus.yml');
  await writeFile(config, JSON.stringify(configFor(new URL(url).host)));
  const port = await freePort();
  const prometheus = await startPrometheus(config, folder, port);
  if (prometheus === null) {
    await exporters.stop();
    return null;
  }
  try {
    // The first scrapes make the series.
    await sleep(INTERVAL);
    const load = [];
    const memory = [];
    for (let round = 0; round < rounds; round += 1) {
      const [before, began] = [await processorTime(prometheus.pid), performance.now()];
      await sleep(INTERVAL);
      load.push((((await processorTime(prometheus.pid)) - before) / (performance.now() - began)) * 100);
      memory.push(await residentMegabytes(prometheus.pid));
    }
    return { load, memory, ...(await ask(port)) };
  } finally {
    await prometheus.stop();
    await exporters.stop();
  }
}

function configFor(host) {
  const targets = Array.from({ length: MACHINES }, (_, index) => ({
    targets: [host],
    labels: { instance: `laptop-${index}`, __metrics_path__: `/${index}` },
  }));
  return {
    global: { scrape_interval: `${INTERVAL / 1000}s` },
    scrape_configs: [{ job_name: 'mcp-watchdog', static_configs: targets }],
  };
}

async function startPrometheus(config, folder, port) {
  const prometheus = start([
    'prometheus',
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ]);
  const isReady = () =>
    fetch(`http://127.0.0.1:${port}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  const how = await Promise.race([until(isReady, { what: 'Prometheus to be ready' }), prometheus.ended]);
  return how === true ? prometheus : null;
}

async function ask(port) {
  const query = async (expression) => {
    const body = new URLSearchParams({ query: expression });
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query`, { method: 'POST', body });
    return (await answer.json()).data.result.map(({ value }) => Number(value[1]));
  };
  const [up] = await query('sum(up)');
  if (up !== MACHINES) throw new Error(`Only ${up} of ${MACHINES} exporters answer`);
  const [series] = await query('sum(scrape_samples_scraped)');
  return { series, scrapes: (await query('scrape_duration_seconds')).map((seconds) => seconds * 1000) };
}

async function firstLine(stream) {
  for await (const chunk of stream) return String(chunk).trim();
  throw new Error('The exporters ended before they said where they are');
}
