// `npm run bench -- [--quick] [--write] [--save FILE] [--compare FILE] [name…]`: measures side by side, prints one table, and keeps it with --write.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { endAll } from './lib/clean-up.mjs';
import { compareFigures, readFigures, saveFigures } from './lib/figures.mjs';
import { table } from './lib/rows.mjs';
import * as cli from './measures/cli.mjs';
import * as cpu from './measures/cpu.mjs';
import * as fleet from './measures/fleet.mjs';
import * as frozen from './measures/frozen.mjs';
import * as gateway from './measures/gateway.mjs';
import * as gatewayHttp from './measures/gateway-http.mjs';
import * as gatewayMemory from './measures/gateway-memory.mjs';
import * as history from './measures/history.mjs';
import * as install from './measures/install.mjs';
import * as memory from './measures/memory.mjs';
import * as page from './measures/page.mjs';
import * as pageScroll from './measures/page-scroll.mjs';
import * as restart from './measures/restart.mjs';
import * as rules from './measures/rules.mjs';
import * as scrape from './measures/scrape.mjs';
import * as soak from './measures/soak.mjs';

const MEASURES = {
  restart,
  frozen,
  memory,
  cpu,
  scrape,
  rules,
  history,
  fleet,
  cli,
  install,
  gateway,
  'gateway-http': gatewayHttp,
  'gateway-memory': gatewayMemory,
  page,
  'page-scroll': pageScroll,
  soak,
};
const DOCUMENT = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));
/** The whole takes about fifty minutes; whoever hangs must not hang for ever. */
const LONGEST = 90 * 60_000;

const loadAtFirst = loadavg()[0];
const chosen = readArguments(process.argv.slice(2));
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(name, () => void leave(130));
setTimeout(() => {
  say(`error: The bench did not end within ${LONGEST / 60_000} minutes`);
  void leave(1);
}, LONGEST).unref();
try {
  await leave(await main());
} catch (error) {
  say(`error: ${error.stack}`);
  await leave(1);
}

async function main() {
  const results = [];
  // Read first: whoever waits half an hour must not learn then that there is no such file.
  const old = chosen.compare === undefined ? null : readFigures(chosen.compare);
  for (const name of chosen.names) {
    say(`measuring ${name}…`);
    results.push({ name, title: MEASURES[name].title, rows: await MEASURES[name].measure(chosen) });
    // As far as it came: what a later one does must not lose it.
    if (chosen.save !== undefined) saveFigures(chosen.save, { machine: describeMachine(), results });
    if (chosen.names.length > 1) process.stdout.write(`${table(results.slice(-1))}\n`);
  }
  const text = `${describeMachine()}\n\n${table(results)}\n`;
  process.stdout.write(text);
  if (old !== null) process.stdout.write(`\n${compareFigures(results, old)}\n`);
  if (chosen.write) keep(text);
  const missed = results.flatMap(({ rows }) => rows.filter(({ isMet }) => isMet === false));
  for (const { who } of missed) say(`missed: ${who}`);
  return missed.length === 0 ? 0 : 1;
}

function readArguments(argv) {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        save: { type: 'string' },
        compare: { type: 'string' },
      },
    });
    const unknown = positionals.find((name) => !(name in MEASURES));
    if (unknown !== undefined) throw new Error(`There is no measurement "${unknown}"`);
    if (values.write && (positionals.length > 0 || values.quick))
      throw new Error('Only a complete run can be kept with --write');
    return { ...values, names: positionals.length > 0 ? positionals : Object.keys(MEASURES) };
  } catch (error) {
    say(
      `error: ${error.message}\nhint: npm run bench -- [--quick] [--write] [--save FILE] [--compare FILE] [${Object.keys(MEASURES).join('|')} …]`,
    );
    return process.exit(2);
  }
}

function describeMachine() {
  const loads = [loadAtFirst, loadavg()[0]].map((load) => load.toFixed(1)).join(' to ');
  return `Node ${process.version}, ${process.platform} ${process.arch}, ${availableParallelism()} CPUs, load average ${loads}`;
}

/** The table stands between two marks; the words around it are written by hand. */
function keep(text) {
  const [begin, end] = ['<!-- results -->\n', '<!-- end of results -->'];
  const before = readFileSync(DOCUMENT, 'utf8');
  const [from, to] = [before.indexOf(begin) + begin.length, before.indexOf(end)];
  if (from < begin.length || to < from) throw new Error(`${DOCUMENT} lacks the marks around the results`);
  writeFileSync(DOCUMENT, `${before.slice(0, from)}\n${text}\n${before.slice(to)}`);
}

async function leave(code) {
  await endAll();
  process.exit(code);
}

function say(line) {
  process.stderr.write(`${line}\n`);
}
