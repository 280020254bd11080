// Draws docs/images/dashboard-*.png: the dashboards on a day that was made up, with answers of a real Prometheus.
// Needs prometheus, promtool and chromium, and dist/; with pngquant the images are half as large. `node scripts/preview.mjs [uid…] [--keep FOLDER]`, which keeps pages and answers.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answersOf } from '../grafana/preview/answers.mjs';
import { fleetStory } from '../grafana/preview/fleet.mjs';
import { heightOf, pageOf } from '../grafana/preview/page.mjs';
import { openHistory } from '../grafana/preview/prometheus.mjs';
import { isAsleep, machineStory } from '../grafana/preview/story.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** A Tuesday evening. */
const END = Date.UTC(2026, 4, 12, 18) / 1000;
const HOURS = 9;
/** As somebody would choose it, whatever the dashboard begins with. */
const SHOWN = { start: END - 6 * 3600, end: END };
/** An image of a dashboard stays below, bytes. */
const LARGEST = 250_000;

const { wanted, keep } = readArguments(process.argv.slice(2));
const folder = keep ?? mkdtempSync(join(tmpdir(), 'preview-'));
mkdirSync(folder, { recursive: true });
const dashboards = readdirSync(join(root, 'grafana/dashboards'))
  .filter((name) => name.endsWith('.json'))
  .map((name) => ({
    name: name.slice(0, -5),
    ...JSON.parse(readFileSync(join(root, 'grafana/dashboards', name))),
  }))
  .filter(({ name }) => wanted.length === 0 || wanted.includes(name));
const ofFleet = dashboards.filter(({ name }) => name === 'fleet');
const ofMachine = dashboards.filter(({ name }) => name !== 'fleet');

if (ofMachine.length > 0) await drawAll(ofMachine, machine());
if (ofFleet.length > 0) await drawAll(ofFleet, fleet(ofFleet));
if (keep === null) rmSync(folder, { recursive: true, force: true });

function machine() {
  const rules = [
    'rules/recording.yml',
    'rules/servers.yml',
    'rules/slo.yml',
    'rules/gateway.yml',
    'rules/watchdog.yml',
    'rules/scrape.yml',
  ];
  return {
    scrapes: machineStory({ end: END * 1000 }),
    rules,
    scrape: 15,
    isAsleep: (time) => isAsleep(time, END),
    choices: { server: { server: 'browser' } },
  };
}

function fleet(list) {
  const rules = [
    'rules/recording.yml',
    'rules/servers.yml',
    'rules/slo.yml',
    'rules/gateway.yml',
    'rules/watchdog.yml',
    'prometheus/fleet.rules.yml',
  ];
  const text =
    JSON.stringify(list) + rules.map((name) => readFileSync(join(root, 'alerting', name), 'utf8')).join('');
  // Of so many machines only what is looked at.
  const wants = (name) => name === 'up' || text.includes(name);
  return {
    scrapes: fleetStory({ end: END * 1000, wants }),
    rules,
    scrape: 60,
    isAsleep: () => false,
    choices: {},
  };
}

async function drawAll(list, { scrapes, rules, scrape, isAsleep, choices }) {
  const history = await openHistory(scrapes, {
    ruleFiles: rules.map((name) => join(root, 'alerting', name)),
    start: END - HOURS * 3600,
    end: END,
    step: Math.max(30, scrape),
    isAsleep,
  });
  for (const { name, ...dashboard } of list) {
    const answers = await answersOf(dashboard, {
      ask: history.ask,
      ...SHOWN,
      scrape,
      choices: choices[name],
    });
    draw(name, answers);
  }
  await history.stop();
}

function draw(name, answers) {
  const page = join(folder, `${name}.html`);
  const image = join(root, 'docs/images', `dashboard-${name}.png`);
  writeFileSync(page, pageOf(answers));
  execFileSync(
    'chromium',
    [
      '--headless=new',
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--hide-scrollbars',
      '--disable-gpu',
      `--user-data-dir=${join(folder, 'chromium')}`,
      `--window-size=1600,${heightOf(answers)}`,
      '--virtual-time-budget=3000',
      `--screenshot=${image}`,
      `file://${page}`,
    ],
    { stdio: ['ignore', 'ignore', keep === null ? 'ignore' : 'inherit'] },
  );
  spawnSync('pngquant', ['--force', '--skip-if-larger', '--speed=1', '--output', image, '--', image]);
  const { size } = statSync(image);
  console.log(`wrote ${image.slice(root.length)} (${Math.round(size / 1000)} kB)`);
  if (size > LARGEST) console.error(`${name} is larger than ${LARGEST / 1000} kB`);
}

function readArguments(argv) {
  const at = argv.indexOf('--keep');
  if (at < 0) return { wanted: argv, keep: null };
  return { wanted: argv.toSpliced(at, 2), keep: argv[at + 1] };
}
