// What the system tells about processes: who runs, who listens, what it costs; and how whole trees are ended.
import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const hasProc = process.platform === 'linux';
/** Linux counts processor time in hundredths of a second for every program, whatever the kernel does inside. */
const TICKS = 100;

/** Resident memory in MB (a million bytes are not meant: MiB, as `ps` and `top` show it). */
export async function residentMegabytes(pid) {
  const kilobytes = hasProc
    ? /^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
    : (await run('ps', ['-o', 'rss=', '-p', String(pid)])).stdout;
  return Number(kilobytes) / 1024;
}

/** Processor time in ms of a process and of the children it has waited for: short-lived ones count too. */
export async function processorTime(pid) {
  if (!hasProc) return fromClockText((await run('ps', ['-o', 'time=', '-p', String(pid)])).stdout.trim());
  // utime, stime, cutime and cstime.
  return await timeOfFields(pid, 11, 15);
}

/** The part of `processorTime` that is of children; 0 elsewhere than on Linux. */
export async function endedTime(pid) {
  return hasProc ? await timeOfFields(pid, 13, 15) : 0;
}

async function timeOfFields(pid, first, end) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name in parentheses may hold spaces; the times are fields 14 to 17.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(first, end).reduce((sum, field) => sum + Number(field), 0);
  return (ticks * 1000) / TICKS;
}

/**
 * Processor time in ms of the threads that a process has, in steps of nanoseconds: for stretches of which a hundredth of a
 * second is a large part. Differences are to be taken only while no thread ends. Elsewhere than on Linux, `processorTime`.
 */
export async function threadTime(pid) {
  const threads = hasProc ? await readdir(`/proc/${pid}/task`) : [];
  const texts = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '')),
  );
  const time = texts.reduce((sum, text) => sum + Number(text.split(' ')[0] ?? 0), 0) / 1e6;
  // A kernel without these statistics says nothing, or 0.
  return time > 0 ? time : await processorTime(pid);
}

/** How often threads of the process have gone to sleep so far, each of which ends with a wake-up; null where nobody tells. */
export async function wakeups(pid) {
  if (!hasProc) return null;
  const threads = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/status`, 'utf8').catch(() => '')),
  );
  return texts.reduce(
    (sum, text) => sum + Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(text)?.[1] ?? 0),
    0,
  );
}

function fromClockText(text) {
  return text.split(':').reduce((seconds, part) => seconds * 60 + Number(part), 0) * 1000;
}

/** The pids of a process and everything below it. */
async function treeOf(root) {
  const { stdout } = await run('ps', ['-axo', 'pid=,ppid=']);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const tree = [root];
  for (const parent of tree) for (const [pid, ppid] of rows) if (ppid === parent) tree.push(pid);
  return tree;
}

/** Ends a process and everything below it. It is stopped first, so that it cannot start a replacement meanwhile. */
export async function killTree(root) {
  if (!signal(root, 'SIGSTOP')) return;
  const tree = await treeOf(root);
  for (const pid of tree) signal(pid, 'SIGKILL');
}

export function signal(pid, name) {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

/** The process below `root` that listens on a loopback port; null when there is none. */
export async function listenerBelow(root, port) {
  const pids = await treeOf(root);
  if (!hasProc) {
    const found = await run('lsof', ['-nP', '-t', `-iTCP:${port}`, '-sTCP:LISTEN']).catch(() => ({
      stdout: '',
    }));
    return pids.find((pid) => found.stdout.split('\n').includes(String(pid))) ?? null;
  }
  const sockets = await listeningSockets(port);
  for (const pid of pids) if (await holdsOneOf(pid, sockets)) return pid;
  return null;
}

async function listeningSockets(port) {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8').catch(() => '')),
  );
  const rows = tables.flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)));
  return rows
    .filter(([, local = '', , state]) => local.endsWith(wanted) && state === '0A')
    .map((row) => `socket:[${row[9]}]`);
}

async function holdsOneOf(pid, sockets) {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all(
    (await readdir(folder).catch(() => [])).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')),
  );
  return links.some((link) => sockets.includes(link));
}

/** How many processes have a word of their command line that ends with `script`. */
export async function processesWith(script) {
  const { stdout } = await run('ps', ['-axww', '-o', 'args=']);
  return stdout.split('\n').filter((line) => line.split(' ').some((word) => word.endsWith(`/${script}`)))
    .length;
}
