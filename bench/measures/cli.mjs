// How long a person waits for a command, beside the time that Node needs to start at all.
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { COMMAND, watchdog } from '../lib/keepers.mjs';
import { row } from '../lib/rows.mjs';
import { fixtureOverStdio } from '../lib/servers.mjs';
import { environment } from '../lib/start.mjs';

export const title = 'commands, from the start of the process to its end';

export async function measure({ quick }) {
  const daemon = await watchdog.start([fixtureOverStdio('fixture')]);
  const contestants = [
    { who: 'node -e 0', argv: [process.execPath, '-e', '0'] },
    { who: 'mcp-watchdog --help', argv: [process.execPath, COMMAND, '--help'], atMost: 1.6 },
    { who: 'mcp-watchdog status', argv: daemon.command('status'), atMost: 2 },
  ];
  const samples = contestants.map(() => []);
  for (let round = -1; round < (quick ? 5 : 25); round += 1) {
    for (const [index, { argv }] of contestants.entries()) {
      const took = await timed(argv);
      // The first round reads the files from the disk.
      if (round >= 0) samples[index].push(took);
    }
  }
  await daemon.stop();

  const [bare, ...ours] = contestants;
  const floor = row({ who: bare.who, short: 'node', samples: samples[0], unit: 'ms' });
  return [
    floor,
    ...ours.map(({ who, atMost }, index) =>
      row({ who, samples: samples[index + 1], unit: 'ms', floor, target: { of: 'ratio', atMost } }),
    ),
  ];
}

async function timed([file, ...args]) {
  const since = performance.now();
  const child = spawn(file, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.resume();
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  const [code] = await once(child, 'close');
  const took = performance.now() - since;
  if (code !== 0) throw new Error(`${args.join(' ')} ended with ${code}: ${said}`);
  return took;
}
