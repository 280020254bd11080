// Random schedules of kill -9 of the watchdog, Prometheus and Alertmanager while alerts begin: none is lost, and none is told twice without cause.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ALERTMANAGER } from '../fakes/alertmanager.ts';
import { requireProgram } from '../fakes/require-program.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { freePort } from '../fixtures/start.ts';
import { createRandom, type Random } from '../promql/support/random.ts';
import { type Chaos, chaos } from './lib/chaos.ts';
import { createAlertmanager, createPrometheus, type Engine, RULES, TOKEN } from './lib/engines.ts';
import { doublesIn, openSink, type Sink } from './lib/sink.ts';
import { Stage, tiny } from './lib/stage.ts';

/** Each is stopped once: an alert each. */
const SERVERS = ['a', 'b', 'c'];
/** Ms in which alerts begin and everything is killed. */
const STORM = 14_000;
/** Ms after which a sent notification is certainly crossed out, on a machine that does much else. */
const RECORDED_WITHIN = 2000;
/** The same where its record shows that it was not crossed out when the watchdog died: a machine may be that slow. */
const RECORDED_AT_LAST = 20_000;
/** Ms after which all must be told, on a machine that does much else. */
const TOLD_WITHIN = 120_000;
/** The same where the watchdog has to find out that a heartbeat whose interval it does not know yet has stopped. */
const FOUND_OUT_WITHIN = 420_000;
/** Schedules at a time. */
const AT_A_TIME = 3;

interface Death {
  /** Ms since the epoch. */
  readonly at: number;
  /** Servers whose words were written down, and not crossed out. */
  readonly unsent: readonly string[];
}

interface Scene {
  readonly chaos: Chaos;
  readonly random: Random;
  readonly stage: Stage;
  readonly engines: Readonly<Record<'Prometheus' | 'Alertmanager', Engine>>;
  readonly sink: Sink;
  /** Of the watchdog. */
  readonly deaths: Death[];
  /** Some of the others are gone for good: the watchdog has to find out and tell. */
  readonly isForsaken: boolean;
}

async function openScene(run: Chaos, seed: number): Promise<Scene> {
  const random = createRandom(seed);
  const { home } = tempHome();
  const ports = {
    watchdog: await freePort(),
    prometheus: await freePort(),
    alertmanager: await freePort(),
  };
  const sink = await openSink(random, 300);
  const rules = join(home, 'rules.yml');
  writeFileSync(rules, RULES, { mode: 0o600 });
  const isAsked = random.chance(0.5);
  const alerts = {
    notify: [{ kind: 'webhook', url: sink.url }],
    rules: [rules],
    builtIn: false,
    evaluateEvery: '1s',
    webhookToken: TOKEN,
    alertmanager: { url: isAsked ? `http://127.0.0.1:${ports.alertmanager}` : null },
  };
  const servers = Object.fromEntries(SERVERS.map((name) => [name, tiny()]));
  const more = { metrics: { listen: `127.0.0.1:${ports.watchdog}` }, alerts };
  return {
    chaos: run,
    random,
    stage: new Stage({ home, servers, more }),
    engines: {
      Prometheus: createPrometheus(home, ports),
      Alertmanager: createAlertmanager(home, ports),
    },
    sink,
    deaths: [],
    isForsaken: run.isLong && random.chance(0.25),
  };
}

/** Plays one schedule and notes what was lost or told twice. */
async function play(run: Chaos, seed: number): Promise<void> {
  const scene = await openScene(run, seed);
  const { stage, engines, sink, random, isForsaken } = scene;
  stage.writeConfig();
  await Promise.all([stage.start(), ...Object.values(engines).map((engine) => engine.start())]);
  await waitFor(async () => (await stage.status()).daemon.delivery.owner === 'engine', {
    timeout: 180_000,
    what: 'Prometheus and Alertmanager to deliver',
  });
  const gone = isForsaken
    ? random.pick([['Prometheus'], ['Alertmanager'], ['Prometheus', 'Alertmanager']])
    : [];
  await Promise.all([
    stormOf(scene),
    tormentWatchdog(scene),
    tormentEngine(scene, 'Prometheus', gone.includes('Prometheus')),
    tormentEngine(scene, 'Alertmanager', gone.includes('Alertmanager')),
  ]);
  const isToldOf = (server: string): boolean =>
    sink.words.findLast((word) => word.server === server)?.status === 'firing';
  const stoppedAt = Date.now();
  await waitFor(() => SERVERS.every(isToldOf), {
    timeout: isForsaken ? FOUND_OUT_WITHIN : TOLD_WITHIN,
    what: 'all alerts to be told',
  }).catch(async () => {
    const missing = SERVERS.filter((server) => !isToldOf(server));
    const { delivery } = (await stage.status()).daemon;
    const facts = { gone, deaths: scene.deaths, words: sink.words, delivery, stoppedAt };
    run.violated(`seed ${seed}: lost ${missing.join(', ')}; ${JSON.stringify(facts)}`);
    run.count('lost', missing.length);
  });
  // Whoever would tell it once more does so soon.
  await sleep(8000);
  judgeDoubles(scene, seed);
  run.count('alerts', SERVERS.length);
  await Promise.all([stage.end(), ...Object.values(engines).map((engine) => engine.kill())]);
}

/** Lets each alert begin at a moment of its own. */
async function stormOf({ stage, random }: Scene): Promise<void> {
  for (const server of SERVERS) {
    await sleep(random.below(STORM / SERVERS.length));
    // A request ends with the daemon that took it, or is asked again: stopping twice changes nothing.
    const ask = () =>
      stage.ask('down', server).then(
        () => true,
        () => false,
      );
    await waitFor(() => Promise.race([ask(), sleep(5000).then(() => false)]), {
      timeout: 120_000,
      what: `${server} to be stopped`,
    });
  }
}

async function tormentWatchdog({ chaos: run, stage, random, deaths }: Scene): Promise<void> {
  for (let passed = 0; passed < STORM;) {
    const wait = 500 + random.below(7000);
    await sleep(wait);
    const at = Date.now();
    await stage.kill();
    deaths.push({ at, unsent: unsentIn(join(stage.home, 'run', 'state.json')) });
    run.count('kill -9 of the watchdog');
    await sleep(random.below(1500));
    await stage.start();
    passed += wait;
  }
}

function unsentIn(path: string): string[] {
  if (!existsSync(path)) return [];
  const { alerts }: { alerts?: { outbox?: { notification: { alerts: { about: string }[] } }[] } | null } =
    JSON.parse(readFileSync(path, 'utf8'));
  return (alerts?.outbox ?? []).flatMap(({ notification }) => notification.alerts.map(({ about }) => about));
}

async function tormentEngine(
  { chaos: run, random, engines }: Scene,
  name: 'Prometheus' | 'Alertmanager',
  isForGood: boolean,
): Promise<void> {
  for (let passed = 0; passed < STORM;) {
    const wait = 1000 + random.below(12_000);
    await sleep(wait);
    await engines[name].kill();
    run.count(`kill -9 of ${name}`);
    await sleep(random.below(3000));
    passed += wait;
    if (passed < STORM || !isForGood) await engines[name].start();
  }
  if (isForGood) run.count(`${name} gone for good`);
}

/** A word twice is right only where the watchdog died between the sending and its record. */
function judgeDoubles({ chaos: run, sink, deaths }: Scene, seed: number): void {
  for (const { first, second } of doublesIn(sink.words)) {
    const end = first.answeredAt ?? first.at + 300;
    const death = deaths.find(
      ({ at, unsent }) =>
        (at >= first.at - 100 && at <= end + RECORDED_WITHIN) ||
        (unsent.includes(first.server) && Math.abs(at - first.at) <= RECORDED_AT_LAST),
    );
    const what = `seed ${seed}: ${first.server} told at 0 and ${second.at - first.at} ms`;
    run.count('told twice');
    if (death === undefined) run.violated(`${what}, without a death in between`);
    else {
      const answered =
        first.answeredAt === null ? 'never answered' : `answered at ${first.answeredAt - first.at} ms`;
      run.figure(what, `the watchdog died at ${death.at - first.at} ms, the first was ${answered}`);
    }
  }
}

chaos(
  'delivery',
  {
    title: 'random kill -9 of watchdog, Prometheus and Alertmanager while alerts begin',
    rounds: { bounded: 3, long: 40 },
    longest: 60,
    isPossible: [requireProgram('prometheus'), requireProgram(ALERTMANAGER)].every(Boolean),
  },
  async (run) => {
    const rounds = run.rounds();
    const work = async (): Promise<void> => {
      for (let next = rounds.next(); next.done !== true; next = rounds.next())
        await play(run, run.seed * 1000 + next.value).catch((error: unknown) =>
          run.violated(`seed ${run.seed * 1000 + next.value} broke off: ${String(error)}`),
        );
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
  },
);
