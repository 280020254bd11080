// `npm run chaos [-- --seed N --minutes M --report FOLDER NAME…]`: the scenarios of test/chaos/ at full length, and a report of them.
import { randomInt } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build, checkNode, install, root, say } from './setup.mjs';

const SUFFIX = '.test.ts';
const scenarios = readdirSync(join(root, 'test', 'chaos'))
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length));

const { seed, minutes, report, names } = readArguments(process.argv.slice(2));
checkNode();
install();
await build();
rmSync(report, { recursive: true, force: true });
mkdirSync(report, { recursive: true });
say(`chaos: seed ${seed}, ${names.join(', ')}`);
const loadAtFirst = loadavg()[0];
const statuses = names.map(runScenario);
const parts = names.flatMap(readPart);
const result = {
  seed,
  machine: {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpus: availableParallelism(),
    load: [loadAtFirst, loadavg()[0]],
  },
  scenarios: parts,
};
const text = `${describe(result)}\n`;
writeFileSync(join(report, 'chaos.json'), `${JSON.stringify(result, null, 2)}\n`);
writeFileSync(join(report, 'chaos.txt'), text);
process.stdout.write(text);
say(`report: ${join(report, 'chaos.json')} and chaos.txt beside it`);
process.exit(statuses.every((status) => status === 0) ? 0 : 1);

/** One after the other: what a scenario measures must not be the load of another. */
function runScenario(name) {
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', `test/chaos/${name}${SUFFIX}`],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        MCP_WATCHDOG_CHAOS_SEED: String(seed),
        MCP_WATCHDOG_CHAOS_MINUTES: minutes ?? '',
        MCP_WATCHDOG_CHAOS_REPORT: report,
      },
    },
  );
  return status ?? 1;
}

/** None of a scenario that this machine cannot run. */
function readPart(name) {
  const path = join(report, `${name}.part.json`);
  if (!existsSync(path)) return [];
  const part = JSON.parse(readFileSync(path, 'utf8'));
  rmSync(path);
  return [part];
}

function describe({ machine: { node, platform, cpus, load }, scenarios: parts }) {
  const [before, after] = load.map((value) => value.toFixed(1));
  const blocks = parts.map(({ name, title, seconds, rounds, counts, figures, violations }) => {
    const facts = { seconds, rounds, ...counts, ...figures };
    const lines = Object.entries(facts).map(([fact, value]) => `  ${fact}: ${value}`);
    const broken = violations.map((violation) => `  BROKEN: ${violation}`);
    return [`${violations.length === 0 ? 'ok  ' : 'FAIL'} ${name}: ${title}`, ...lines, ...broken].join('\n');
  });
  return [
    `chaos, seed ${seed}: Node ${node}, ${platform}, ${cpus} CPUs, load average ${before} to ${after}`,
    ...blocks,
  ].join('\n\n');
}

function readArguments(argv) {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: { seed: { type: 'string' }, minutes: { type: 'string' }, report: { type: 'string' } },
    });
    const unknown = positionals.find((name) => !scenarios.includes(name));
    if (unknown !== undefined) throw new Error(`There is no scenario "${unknown}"`);
    for (const key of ['seed', 'minutes'])
      if (values[key] !== undefined && !(Number(values[key]) > 0))
        throw new Error(`--${key} must be a positive number, got ${values[key]}`);
    return {
      seed: values.seed === undefined ? randomInt(1, 2 ** 31) : Number(values.seed),
      minutes: values.minutes,
      report: resolve(values.report ?? join(root, 'chaos-report')),
      names: positionals.length > 0 ? positionals : scenarios,
    };
  } catch (error) {
    say(`error: ${error.message}`);
    say(`hint: npm run chaos -- [--seed N] [--minutes M] [--report FOLDER] [${scenarios.join('|')} …]`);
    return process.exit(2);
  }
}
