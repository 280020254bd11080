// A launchd that really runs its jobs, and answers for all programs of its Mac: `node launchd.mjs FOLDER UID` prints the port where
// those ask. A test asks over FOLDER/launchd.sock, and also says `login` and `logout`. What is printed of a job is
// print-running-15.txt with the facts of the job in it.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, openSync, closeSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, join } from 'node:path';
import { servePrograms } from './mac-programs.mjs';

const [folder, uid] = process.argv.slice(2);
/** Ms between two starts of a job: `ThrottleInterval`, shortened. */
const THROTTLE = 500;
const SAMPLE = readFileSync(new URL('../fixtures/macos/print-running-15.txt', import.meta.url), 'utf8');

/** By target, `gui/501/com.mcp.daemon`. */
const jobs = new Map();
const disabled = new Set();
/** There is no session at the screen before a login. */
let hasScreen = true;

const ok = (stdout = '') => ({ code: 0, stdout, stderr: '' });
const fails = (number, verb, words) => ({
  code: number,
  stdout: '',
  stderr: `${verb} failed: ${number}: ${words}\n`,
});
const unknown = (target) => ({
  code: 113,
  stdout: '',
  stderr: `Bad request.\nCould not find service "${basename(target)}" in domain for user gui: ${uid}\n`,
});

const VERBS = {
  print(target) {
    if (/^(?:gui|user)\/\d+$/u.test(target))
      return hasDomain(target) ? ok(`${target} = {\n}\n`) : domainMissing('Print');
    const job = jobs.get(target);
    return job === undefined ? unknown(target) : ok(describe(target, job));
  },
  'print-disabled'() {
    const lines = [...disabled].map((label) => `\t\t"${label}" => disabled\n`);
    return ok(`\tdisabled services = {\n\t\t"com.apple.Siri.agent" => enabled\n${lines.join('')}\t}\n`);
  },
  list() {
    const rows = [...jobs].map(
      ([target, { pid, code }]) => `${pid ?? '-'}\t${code ?? 0}\t${basename(target)}`,
    );
    return ok(`PID\tStatus\tLabel\n-\t0\tcom.apple.SafariHistoryServiceAgent\n${rows.join('\n')}\n`);
  },
  enable(target) {
    disabled.delete(basename(target));
    return ok();
  },
  disable(target) {
    disabled.add(basename(target));
    return ok();
  },
  bootstrap(domain, file) {
    const definition = readPlist(file);
    const target = `${domain}/${definition.Label}`;
    if (!hasDomain(domain)) return domainMissing('Bootstrap');
    if (disabled.has(definition.Label)) return fails(119, 'Bootstrap', 'Service is disabled');
    if (jobs.has(target))
      return fails(jobs.get(target).isLeaving ? 5 : 37, 'Bootstrap', 'Operation already in progress');
    jobs.set(target, { file, definition, pid: null, runs: 0, code: null, signal: null, isLeaving: false });
    start(target);
    return ok();
  },
  bootout(target) {
    const job = jobs.get(target);
    if (job === undefined) return fails(3, 'Boot-out', 'No such process');
    job.isLeaving = true;
    clearTimeout(job.timer);
    if (job.pid === null) jobs.delete(target);
    else signal(job.pid, 'SIGTERM');
    return ok();
  },
  kickstart(...argv) {
    const target = argv.at(-1);
    const job = jobs.get(target);
    if (job === undefined) return unknown(target);
    if (job.pid === null) start(target);
    else if (argv.includes('-k')) {
      job.isWanted = true;
      signal(job.pid, 'SIGTERM');
    }
    return ok();
  },
  /** Aqua and Background jobs are loaded into both domains, as macOS may do: the second daemon finds the home taken. */
  login(agents) {
    hasScreen = true;
    const files = existsSync(agents) ? readdirSync(agents).filter((name) => name.endsWith('.plist')) : [];
    for (const file of files)
      for (const domain of [`gui/${uid}`, `user/${uid}`]) VERBS.bootstrap(domain, join(agents, file));
    return ok();
  },
  logout() {
    for (const target of jobs.keys()) VERBS.bootout(target);
    hasScreen = false;
    return ok();
  },
};

function hasDomain(domain) {
  return domain === `user/${uid}` || (hasScreen && domain === `gui/${uid}`);
}

function domainMissing(verb) {
  return fails(125, verb, 'Domain does not support specified action');
}

function start(target) {
  const job = jobs.get(target);
  const { ProgramArguments, WorkingDirectory, EnvironmentVariables, StandardOutPath } = job.definition;
  const [program, ...args] = ProgramArguments;
  const output = openSync(StandardOutPath, 'a', 0o600);
  job.startedAt = Date.now();
  job.runs += 1;
  job.isWanted = false;
  // Launchd's own PATH comes from the property list; the played programs stand in front of it.
  const { MCP_WATCHDOG_PLAYED_PROGRAMS: programs, NODE_OPTIONS, MCP_WATCHDOG_PLATFORM, TMPDIR } = process.env;
  const env = {
    ...EnvironmentVariables,
    PATH: `${programs}:${EnvironmentVariables.PATH}`,
    MCP_WATCHDOG_PLAYED_PROGRAMS: programs,
    NODE_OPTIONS,
    MCP_WATCHDOG_PLATFORM,
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
  };
  const child = spawn(program, args, {
    cwd: WorkingDirectory,
    env,
    stdio: ['ignore', output, output],
    detached: true,
  });
  closeSync(output);
  job.pid = child.pid ?? null;
  // A program that cannot be started ends with 78, EX_CONFIG.
  child.once('error', () => onEnd(target, job, { code: 78, signal: null }));
  child.once('exit', (code, name) => onEnd(target, job, { code, signal: name }));
}

function onEnd(target, job, { code, signal: name }) {
  if (job.pid !== null) signal(-job.pid, 'SIGKILL');
  Object.assign(job, { pid: null, code, signal: name });
  if (job.isLeaving) return jobs.delete(target);
  if (job.isWanted) return start(target);
  if (code === 0 && name === null) return undefined;
  job.timer = setTimeout(() => start(target), Math.max(0, job.startedAt + THROTTLE - Date.now()));
  return undefined;
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // Gone already.
  }
}

const SIGNALS = { SIGKILL: 'Killed: 9', SIGTERM: 'Terminated: 15', SIGABRT: 'Abort trap: 6' };

function describe(target, { file, definition, pid, runs, code, signal: name, timer }) {
  const state =
    pid !== null
      ? 'running'
      : timer === undefined || (code === 0 && name === null)
        ? 'not running'
        : 'spawn scheduled';
  const args = definition.ProgramArguments;
  const end =
    name === null
      ? `last exit code = ${code === null ? '(never exited)' : code === 78 ? '78: EX_CONFIG' : code}`
      : `last terminating signal = ${SIGNALS[name] ?? name}`;
  return SAMPLE.replace(/^.* = \{/u, `${target} = {`)
    .replace(/^\tpath = .*$/mu, `\tpath = ${file}`)
    .replace(/^\tactive count = .*$/mu, `\tactive count = ${pid === null ? 0 : 1}`)
    .replace(/^\tstate = .*$/mu, `\tstate = ${state}`)
    .replace(/^\tprogram = .*$/mu, `\tprogram = ${args[0]}`)
    .replace(
      /^\targuments = \{[^}]*\}/mu,
      `\targuments = {\n${args.map((one) => `\t\t${one}\n`).join('')}\t}`,
    )
    .replace(/^\truns = .*$/mu, `\truns = ${runs}`)
    .replace(/^\tpid = .*\n/mu, pid === null ? '' : `\tpid = ${pid}\n`)
    .replace(/^\tlast exit code = .*$/mu, `\t${end}`);
}

function readPlist(file) {
  const script = 'import json,plistlib,sys; json.dump(plistlib.load(open(sys.argv[1],"rb")), sys.stdout)';
  return JSON.parse(execFileSync('python3', ['-c', script, file]));
}

function launchctl(verb, ...argv) {
  const act = VERBS[verb];
  if (act === undefined) return { code: 64, stdout: '', stderr: 'Unrecognized subcommand\n' };
  try {
    return act(...argv);
  } catch (error) {
    return fails(5, 'Bootstrap', `Input/output error (${error.message})`);
  }
}

const path = join(folder, 'launchd.sock');
const server = createServer({ allowHalfOpen: true }, (socket) => {
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (chunk) => (text += chunk));
  socket.on('end', () => {
    socket.end(JSON.stringify(launchctl(...JSON.parse(text))));
  });
});
rmSync(path, { force: true });
const port = await servePrograms(folder, launchctl);
server.listen(path, () => process.stdout.write(`${port}\n`));

// The test holds our standard input: when it is gone, so is the machine.
process.stdin.on('end', () => {
  for (const { pid } of jobs.values()) if (pid !== null) signal(-pid, 'SIGKILL');
  server.close();
  process.kill(process.pid, 'SIGKILL');
});
process.stdin.resume();
