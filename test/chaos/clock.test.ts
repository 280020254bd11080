// A wall clock that jumps both ways while the daemon runs, and between two daemons.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireThat } from '../fakes/require-program.ts';
import { waitFor } from '../fakes/wait-for.ts';
import { preload, YEAR } from '../e2e/own-death.ts';
import { tempHome } from '../fakes/temp-home.ts';
import { chaos } from './lib/chaos.ts';
import { watchInvariants } from './lib/invariants.ts';
import { Stage, tiny } from './lib/stage.ts';

const HOUR = 3_600_000;
const JUMPS = [-YEAR, -30 * HOUR, -HOUR, -61_000, -1500, 1500, 61_000, HOUR, 30 * HOUR, YEAR];

/** Shifts every reading of the wall clock by what a file says, read again at each SIGUSR2. Monotonic time goes on, as in a real step. */
function shiftedBy(file: string): string {
  return `import { readFileSync } from 'node:fs';
    const RealDate = Date;
    let shift = 0;
    const read = () => { try { shift = Number(readFileSync(${JSON.stringify(file)}, 'utf8')); } catch {} };
    read();
    if (process.argv[2] === 'run') process.on('SIGUSR2', read);
    globalThis.Date = class extends RealDate {
      constructor(...given) { super(...(given.length === 0 ? [RealDate.now() + shift] : given)); }
      static now() { return RealDate.now() + shift; }
    };`;
}

chaos(
  'clock',
  {
    title: 'a wall clock that jumps both ways',
    rounds: { bounded: 2, long: 120 },
    isPossible: requireThat('/proc', process.platform === 'linux'),
  },
  async (run) => {
    const { home } = tempHome();
    const file = join(home, 'shift');
    let shift = 0;
    writeFileSync(file, '0');
    const stage = new Stage({
      home,
      servers: { a: tiny(), b: tiny() },
      env: { NODE_OPTIONS: preload(shiftedBy(file)) },
    });
    const invariants = watchInvariants(run, stage);
    stage.writeConfig();
    await stage.start();
    await invariants.settled();
    for (const _round of run.rounds()) {
      const before = await pidsOf(stage);
      const by = run.random.pick(JUMPS);
      // Years ahead of years ahead are no clock any more.
      shift = Math.abs(shift + by) > 3 * YEAR ? 0 : shift + by;
      writeFileSync(file, String(shift));
      if (run.random.chance(0.2)) {
        await stage.kill();
        await stage.start();
        run.count('jumps between two daemons');
        await invariants.settled();
        continue;
      }
      process.kill(stage.daemon?.pid ?? 0, 'SIGUSR2');
      run.count('jumps');
      await probesGoOn(stage);
      if ((await pidsOf(stage)).join() !== before.join())
        run.violated(
          `A jump by ${by} ms restarted somebody: ${before.join()} → ${(await pidsOf(stage)).join()}`,
        );
      await invariants.settled();
    }
    await stage.end();
    await invariants.nothingLeft();
  },
);

async function pidsOf(stage: Stage): Promise<string[]> {
  return (await stage.status()).servers.map(({ name, pid }) => `${name} ${pid}`);
}

/** Two more probes of each server, and a tick whose time is that of the clock as it is now. */
async function probesGoOn(stage: Stage): Promise<void> {
  const probes = async (): Promise<number[]> =>
    [...(await stage.get('/metrics')).matchAll(/^mcp_watchdog_probes_total\{.*probe="ping"\} (\d+)$/gmu)].map(
      ([, value]) => Number(value),
    );
  const before = await probes();
  await waitFor(async () => (await probes()).every((value, index) => value >= (before[index] ?? 0) + 2), {
    timeout: 60_000,
    what: 'probes after a jump',
  });
}
