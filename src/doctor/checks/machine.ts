// Checks of the machine: clock, size of the logs, disk space, file descriptors, process 1.
import { existsSync, lstatSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDiskTrouble } from '../../control/fallback-place.ts';
import { size } from '../../core/base/format.ts';
import { messageOf } from '../../core/base/guards.ts';
import { cureOfUnsaved } from '../../core/status/troubles.ts';
import { readFileOrNull } from '../../system/files/read-file.ts';
import { describeInit, INIT_CURE, initComplaint } from '../../system/process/init-process.ts';
import { type Check, type Finding, ok, orOk, problem, unknown, warning } from '../check.ts';
import type { DoctorContext } from '../context.ts';
import { times } from './daemon.ts';
import { nearestFolder } from './home.ts';

const DAY = 86_400_000;
const MEBIBYTE = 1024 ** 2;

export const clock: Check = {
  id: 'clock',
  title: 'Clock',
  async run(context) {
    const { now } = context;
    const year = new Date(now).getUTCFullYear();
    if (year < 2025 || year > 2100) return [problem(`the year is ${year}`, SET)];
    const steps = (await context.journal()).filter(
      (entry) => entry.kind === 'gap' && entry.cause === 'clock-step',
    );
    const recent = steps.filter(({ at }) => Math.abs(now - at) < DAY);
    const future = (await context.journal()).some(({ at }) => at > now + 60_000);
    const findings: Finding[] = [];
    if (recent.length > 0) findings.push(warning(`was set ${times(recent.length)} in a day`, SET));
    if (future)
      findings.push(warning('the journal has entries from the future: the clock was set back', SET));
    if ((await isSynchronised(context)) === false)
      findings.push(warning('is not synchronised with a time server', 'sudo timedatectl set-ntp true'));
    return orOk(findings, new Date(now).toISOString());
  },
};

const SET = 'turn on automatic time (NTP)';

/** Asks systemd, which answers without privileges; null where it cannot be asked. */
async function isSynchronised({ platform, run }: DoctorContext): Promise<boolean | null> {
  if (platform !== 'linux') return null;
  const { code, stdout } = await run(['timedatectl', 'show', '-p', 'NTPSynchronized', '--value']);
  return code === 0 ? stdout.trim() !== 'no' : null;
}

const MUCH_LOG = 1024 * MEBIBYTE;

export const logs: Check = {
  id: 'logs',
  title: 'Logs',
  run({ paths }) {
    const bytes = [paths.logs, dirname(paths.journal)].reduce((sum, folder) => sum + sizeOf(folder), 0);
    const found =
      bytes > MUCH_LOG
        ? warning(
            `logs and journal take ${size(bytes)}`,
            'mcp-watchdog cleanup; lower logs.maxSize or logs.keep',
          )
        : ok(`logs and journal take ${size(bytes)}`);
    const redirected = [paths.watchdogLog, paths.alertsLog, paths.journal]
      .filter((file) => lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() === true)
      .map((file) => warning(`${file} is a symbolic link, so that nothing is written to it`, UNLINK));
    return Promise.resolve([...redirected, found]);
  },
};

const UNLINK = 'remove the link; to keep logs elsewhere, make the folder a link';

function sizeOf(folder: string): number {
  let sum = 0;
  for (const name of namesIn(folder)) {
    const stats = statSync(join(folder, name), { throwIfNoEntry: false });
    sum += stats?.isDirectory() === true ? sizeOf(join(folder, name)) : (stats?.size ?? 0);
  }
  return sum;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const LITTLE_SPACE = 1024 * MEBIBYTE;
/** Bytes; less than one installation and its logs need. */
const NO_SPACE = 100 * MEBIBYTE;

export const disk: Check = {
  id: 'disk',
  title: 'Disk',
  async run(context) {
    const free = await context.freeSpace(nearestFolder(context.paths.home));
    const message = `${size(free)} free for ${context.paths.home}`;
    const cure = 'free space; mcp-watchdog cleanup removes old files of the watchdog';
    const refusal = writeRefusal(context.paths);
    if (refusal !== null)
      return [problem(`takes no writes in ${context.paths.home}: ${refusal}`, cureOfUnsaved(refusal))];
    if (free < NO_SPACE) return [problem(message, cure)];
    return [free < LITTLE_SPACE ? warning(message, cure) : ok(message)];
  },
};

/** Tries to write a file, since neither free blocks nor permissions tell of quotas, used up inodes or a read-only disk. */
function writeRefusal({ home, run }: DoctorContext['paths']): string | null {
  const folder = existsSync(run) ? run : home;
  const path = join(folder, `doctor-${process.pid}`);
  try {
    writeFileSync(path, Buffer.alloc(4096), { flag: 'wx', mode: 0o600, flush: true });
    return null;
  } catch (error) {
    // Anything else is told by the check of the home.
    return isDiskTrouble(error) ? messageOf(error) : null;
  } finally {
    rmSync(path, { force: true });
  }
}

/** Each server needs about ten descriptors, each connection one. */
const FEW_FILES = 1024;

export const descriptors: Check = {
  id: 'descriptors',
  title: 'Open files',
  async run(context) {
    const limit = await fileLimit(context);
    if (limit === null) return [unknown('the limit of open files is unknown')];
    const message = limit === Infinity ? 'no limit' : `limit ${limit}`;
    if (limit >= FEW_FILES) return [ok(message)];
    return [warning(message, 'raise `ulimit -n` where the daemon is started, or mcp-watchdog install')];
  },
};

/** Reads the hard limit of the daemon, or of this process when none runs: Node raises its soft limit to it. */
async function fileLimit({ platform, daemon, run }: DoctorContext): Promise<number | null> {
  if (platform === 'darwin') {
    const { code, stdout } = await run(['launchctl', 'limit', 'maxfiles']);
    return code === 0 ? toLimit(/maxfiles\s+\S+\s+(\S+)/u.exec(stdout)?.[1]) : null;
  }
  const answer = await daemon();
  const pid = answer.kind === 'running' ? [answer.status.daemon.pid] : [];
  const text = [...pid, 'self']
    .map((who) => readFileOrNull(`/proc/${who}/limits`))
    .find((found) => found !== null);
  return toLimit(/^Max open files\s+\S+\s+(\S+)/mu.exec(text ?? '')?.[1]);
}

function toLimit(word: string | undefined): number | null {
  if (word === 'unlimited') return Infinity;
  const limit = Number(word);
  return Number.isFinite(limit) ? limit : null;
}

/** Zombies of process 1 beyond which it certainly does not reap: a few are there for a moment. */
const MANY_ZOMBIES = 50;

export const init: Check = {
  id: 'init',
  title: 'Process 1',
  async run(context) {
    const command = context.platform === 'linux' ? await context.commandOf(1) : null;
    if (command === null) return [];
    const answer = await context.daemon();
    const isOurs = answer.kind === 'running' && answer.status.daemon.pid === 1;
    const found = describeInit([command], isOurs);
    const complaint = initComplaint(found);
    const zombies = (await context.processes()).filter(({ ppid, state }) => ppid === 1 && state === 'zombie');
    const isFull = zombies.length > MANY_ZOMBIES;
    if (complaint === null && !isFull) return [ok(`${found.program} reaps orphans`)];
    const message = complaint ?? `${found.program} does not reap orphans`;
    const count = zombies.length === 0 ? '' : `; ${zombies.length} zombies now`;
    return [(isFull ? problem : warning)(`${message}${count}`, INIT_CURE)];
  },
};
