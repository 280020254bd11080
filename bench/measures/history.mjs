// What six hours of all metrics take, and how long questions about them.
import { text as readAll } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../lib/clean-up.mjs';
import { row } from '../lib/rows.mjs';
import { start } from '../lib/start.mjs';

export const title = 'the history of 12 servers: six hours, a reading each 15 s';

const PROGRAM = fileURLToPath(new URL('../programs/history.mjs', import.meta.url));
const MIB = 1024 * 1024;
const SERVERS = 12;

/** Milliseconds of each question, over the whole time at 30 s. */
const QUESTIONS = {
  selector: { note: 'query_range of a selector', atMost: 10 },
  rate: { note: 'query_range of a rate' },
  quantile: { note: 'query_range of quantiles of all histograms', atMost: 80 },
  subquery: { note: 'query_range of a subquery of an hour' },
};

export async function measure({ quick }) {
  const found = await run(SERVERS, quick ? 2 : 6, quick ? 10 : 40);
  const who = `mcp-watchdog, ${SERVERS} servers`;
  return [
    row({
      who,
      note: `memory of ${found.size.series} series`,
      samples: [found.memory / MIB],
      unit: 'MiB',
      target: { of: 'median', atMost: 6 },
    }),
    row({ who, note: 'one reading taken in', samples: found.feeding, unit: 'ms' }),
    ...Object.entries(QUESTIONS).map(([name, { note, atMost }]) =>
      row({
        who,
        note,
        samples: found.took[name],
        unit: 'ms',
        ...(atMost === undefined ? {} : { target: { of: 'median', atMost } }),
      }),
    ),
    row({
      who,
      note: 'slices of all that',
      samples: found.slices,
      unit: 'ms',
      target: { of: 'median', atMost: 10 },
    }),
    row({ who, note: 'snapshot made', samples: [found.saving], unit: 'ms' }),
  ];
}

async function run(...args) {
  const folder = await temporaryFolder();
  const argv = [process.execPath, '--expose-gc', PROGRAM, ...args.map(String), folder];
  const { stdout, ended } = start(argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  const text = await readAll(stdout);
  const end = await ended;
  if (end !== 'exit code 0') throw new Error(`${argv.slice(0, 3).join(' ')} ended with ${end}`);
  return JSON.parse(text);
}
