// `npm run bench -- [--quick] [--write] [--save FILE] [--compare FILE] [name…]`: measures side by side, prints one table, and keeps it with --write.
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { endAll } from './lib/clean-up.mjs';
import { compareFigures, readFigures, saveFigures } from './lib/figures.mjs';
import { table } from './lib/rows.mjs';
import { runMeasures } from './lib/run-measures.mjs';
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
  // The next three mostly wait: they settle together, and whoever settles longest comes last.
  'gateway-memory': gatewayMemory,
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
  page,
  'page-scroll': pageScroll,
  soak,
};
/** Several by one name. */
const PRESETS = {
  lean: ['restart', 'frozen', 'memory', 'cpu', 'scrape', 'cli', 'install', 'soak'],
};
const USAGE = `npm run bench -- [--quick] [--write] [--save FILE] [--compare FILE] [NAME …]

  NAME            ${Object.keys(MEASURES).join(' ')}; all without one
  lean            ${PRESETS.lean.join(' ')}: what the daemon costs, about 19 minutes
  --quick         fewer rounds and shorter waits, for a first impression
  --write         a complete run (about half an hour) that replaces the table of docs/benchmarks.md
  --save FILE     the figures as JSON
  --compare FILE  the change against such a file

Exit code 1: a target was missed, or something could not be measured.`;
const DOCUMENT = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url));
/** The whole takes about half an hour; whoever hangs must not hang for ever. */
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
  const since = performance.now();
  let isWhole = true;
  // What somebody awaits only later, or never: the measure that awaits it fails then, or is given up; the others go on.
  for (const event of ['unhandledRejection', 'uncaughtException']) {
    process.on(event, (error) => {
      isWhole = false;
      say(`error: ${error?.stack ?? error}`);
    });
  }
  // Read first: whoever waits half an hour must not learn then that there is no such file.
  const old = chosen.compare === undefined ? null : readFigures(chosen.compare);
  await runMeasures(chosen.names, { modules: MEASURES, options: chosen, say, onResult: note });
  const took = `${((performance.now() - since) / 60_000).toFixed(1)} minutes`;
  const text = `${describeMachine()}, ${took}\n\n${table(results)}\n`;
  process.stdout.write(text);
  if (old !== null) process.stdout.write(`\n${compareFigures(results, old)}\n`);
  if (chosen.write) keep(text);
  const missed = results.flatMap(({ rows }) => rows.filter(({ isMet }) => isMet === false));
  for (const { who, note: of, why } of missed)
    say(why === undefined ? `missed: ${who}${of === undefined ? '' : ` (${of})`}` : `${who}: ${why}`);
  return missed.length === 0 && isWhole ? 0 : 1;

  /** As far as it came: what a later one does must not lose it. */
  function note(result) {
    results.push(result);
    if (chosen.save !== undefined) saveFigures(chosen.save, { machine: describeMachine(), results });
    if (chosen.names.length > 1) process.stdout.write(`${table([result])}\n`);
  }
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
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(`${USAGE}\n`);
      process.exit(0);
    }
    const named = new Set(positionals.flatMap((name) => PRESETS[name] ?? [name]));
    const unknown = [...named].find((name) => !Object.hasOwn(MEASURES, name));
    if (unknown !== undefined) throw new Error(`There is no measurement "${unknown}"`);
    if (values.write && (positionals.length > 0 || values.quick))
      throw new Error('Only a complete run can be kept with --write');
    return {
      ...values,
      names: Object.keys(MEASURES).filter((name) => named.size === 0 || named.has(name)),
    };
  } catch (error) {
    say(`error: ${error.message}\n\n${USAGE}`);
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
