// The programs of macOS that the watchdog calls, answered by the one process that plays launchd: a process of Node for each call
// was most of what a played Mac cost. Every call is recorded in asked.jsonl in the folder of the Mac. Shapes of ps, top, lsof and
// launchctl are those of test/fixtures/macos; their contents are those of this machine.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { descriptorsOf, isApples, listProcesses, readProcess, tcpSockets, wordsOf } from './proc.mjs';

const SAMPLES = new URL('../fixtures/macos/', import.meta.url);

/** What is answered now; answers are made at once, so that there is one at a time. */
let mac;
let name;
let argv;
let locale;
/** `(...argv) => { code, stdout, stderr }` of the played launchd. */
let askLaunchd;

const done = (stdout = '', code = 0, stderr = '') => ({ stdout, code, stderr });

const PROGRAMS = {
  ps,
  top,
  lsof,
  launchctl,
  sysctl: () =>
    done({ 'kern.bootsessionuuid': `${bootId()}\n`, 'sysctl.proc_translated': '0\n' }[argv.at(-1)]),
  sw_vers: () => done('15.6.1\n'),
  uname: () => done(argv[0] === '-m' ? 'arm64\n' : 'Darwin\n'),
  codesign: () => done('', 0, 'Identifier=node\nSignature=adhoc\n'),
  csrutil: () => done('System Integrity Protection status: enabled.\n'),
  diskutil: () => done('   File System Personality:   APFS\n   Name (User Visible):       APFS\n'),
  plutil: () => done('', existsSync(argv.at(-1)) ? 0 : 1),
  pmset: () => done('2026-01-05 09:00:00 +0000 Wake   Wake from Normal Sleep\n'),
  route: () => done('    gateway: 127.0.0.1\n'),
  footprint: () => done(`node [${argv.at(-1)}]: 64-bit    Footprint: 48 MB (16384 bytes per page)\n`),
  osascript: () => done(),
  open: () => done(),
  pbcopy: () => done(),
  security: () =>
    done(
      '',
      44,
      'security: SecKeychainSearchCopyNext: The specified item could not be found in the keychain.\n',
    ),
};

function bootId() {
  return readFileSync(join(mac, 'boot-id'), 'utf8');
}

function ps() {
  const { flags, values } = parse(argv, 'opU');
  const columns = (values.o ?? []).flatMap((list) => list.split(','));
  const pids = values.p?.flatMap((list) => list.split(/[ ,]/u)).map(Number);
  const rows = pids === undefined ? listProcesses() : pids.map(readProcess).filter((one) => one !== null);
  if (rows.length === 0) return done('', 1);
  const names = columns.map((column) => column.replace(/=.*$/u, ''));
  const heading = columns.every((column) => column.endsWith('='))
    ? []
    : [names.map((one) => one.toUpperCase()).join(' ')];
  const lines = rows.map((row) => names.map((column) => COLUMNS[column](row, flags)).join(' '));
  return done(`${[...heading, ...lines].join('\n')}\n`);
}

const COLUMNS = {
  pid: ({ pid }) => String(pid).padStart(5),
  ppid: ({ ppid }) => String(ppid).padStart(5),
  pgid: ({ pgid }) => String(pgid).padStart(5),
  uid: ({ uid }) => String(uid).padStart(5),
  tty: () => '??      ',
  stat: ({ state, pid, session, nice }) => {
    const word = { R: 'R', Z: 'Z', T: 'T', t: 'T', D: 'U' }[state] ?? 'S';
    return `${word}${nice > 0 ? 'N' : ''}${pid === session ? 's' : ''}`.padEnd(4);
  },
  rss: ({ residentBytes }) => String(Math.round(residentBytes / 1024)).padStart(6),
  pri: () => '31',
  nice: ({ nice }) => String(nice).padStart(2),
  pcpu: () => '0.0',
  time: ({ seconds }) => clockTime(seconds).padStart(9),
  etime: ({ start }) => clockTime((Date.now() - start) / 1000).replace(/\..*/u, ''),
  lstart: ({ start }) => startTime(start).padEnd(28),
  command: ({ pid, state, name: program }, flags) => {
    if (state === 'Z') return '<defunct>';
    const words = wordsOf(pid, 'cmdline');
    if (words.length === 0) return `(${program})`;
    const shown = flags.includes('E') && !isApples(pid) ? wordsOf(pid, 'environ') : [];
    return printable([...words, ...shown].join(' '));
  },
};
COLUMNS.args = COLUMNS.command;

function clockTime(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${(seconds - 60 * minutes).toFixed(2).padStart(5, '0')}`;
}

/** `%c` of the C locale: `Mon Jan  5 07:01:09 2026`. */
function startTime(ms) {
  const [day, month, date, year, time] = new Date(ms).toString().split(' ');
  return [day, month, String(Number(date)).padStart(2), time, year].join(' ');
}

/** strvis(3): without a UTF-8 locale `é` is `M-CM-)`. */
function printable(text) {
  const isUnicode = /utf-?8/iu.test(locale);
  return [...Buffer.from(text)].every((byte) => byte >= 32 && byte < 127) || isUnicode
    ? text.replaceAll('\n', String.raw`\012`)
    : [...Buffer.from(text)].map(visible).join('');
}

function visible(byte) {
  const low = byte & 127;
  const sign = low < 32 ? `^${String.fromCharCode(low + 64)}` : low === 127 ? '^?' : null;
  if (byte < 128) return sign === null ? String.fromCharCode(byte) : String.raw`\^${sign.slice(1)}`;
  return sign === null ? `M-${String.fromCharCode(low)}` : `M${sign}`;
}

function top() {
  const summary = readFileSync(new URL('top-arm64.txt', SAMPLES), 'utf8').split('\nPID')[0];
  const rows = listProcesses().map(
    ({ pid, residentBytes }) => `${String(pid).padEnd(6)} ${humanized(residentBytes)}`,
  );
  return done(`${summary}\nPID    MEM  \n${rows.join('\n')}\n`);
}

function humanized(bytes) {
  if (bytes < 2 ** 20) return `${Math.round(bytes / 1024)}K`;
  return `${Math.round(bytes / 2 ** 20)}M`;
}

function lsof() {
  const { values, named } = parse(
    argv.filter((one) => !/^-[is]/u.test(one)),
    'pdF',
  );
  const pids =
    values.p?.flatMap((list) => list.split(',')).map(Number) ?? listProcesses().map(({ pid }) => pid);
  if (values.d?.[0] === '0') return descriptor0(pids[0]);
  const port = Number(/^-iTCP:(\d+)$/u.exec(argv.find((one) => one.startsWith('-i')) ?? '')?.[1] ?? NaN);
  const listens = argv.includes('-sTCP:LISTEN');
  const sockets = tcpSockets();
  const lines = pids.flatMap((pid) => {
    const own = [...descriptorsOf(pid)].flatMap(([fd, target]) => {
      const socket = sockets.get(/^socket:\[(\d+)\]$/u.exec(target)?.[1]);
      if (socket?.state === undefined) return [];
      if (!Number.isNaN(port) && socket.port !== port) return [];
      if (listens && socket.state !== 'LISTEN') return [];
      return [`f${fd}`, `n${socket.name}`, ...(listens ? [] : [`TST=${socket.state}`, 'TQR=0', 'TQS=0'])];
    });
    return own.length === 0 ? [] : [`p${pid}`, ...own];
  });
  return named.length > 0 || lines.length === 0 ? done('', 1) : done(`${lines.join('\n')}\n`);
}

/** A pair of sockets tells whether its other end is there; a pipe does not. */
function descriptor0(pid) {
  const target = descriptorsOf(pid).get(0);
  if (target === undefined) return done('', 1);
  const lines = target.startsWith('socket:')
    ? ['tunix', isConnected(target) ? 'n->0x9e7a0a3a2537e15b' : 'n->(none)']
    : target.startsWith('pipe:')
      ? ['tPIPE', 'n']
      : ['tCHR', `n${target}`];
  return done(`p${pid}\nf0\n${lines.join('\n')}\n`);
}

/** Each end of a pair holds a reference to the other while it is open: three or more, or two of its own. */
function isConnected(target) {
  const inode = /\d+/u.exec(target)?.[0];
  const rows = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/u));
  const [, references = '0'] = rows.find((columns) => columns[6] === inode) ?? [];
  return parseInt(references, 16) > 2;
}

/** Asks the played launchd. */
function launchctl() {
  if (argv[0] === 'managername') return done('Aqua\n');
  if (argv[0] === 'limit') return done('\tmaxfiles    256            unlimited      \n');
  if (argv[0] === 'error') return done(`${argv[1]}: as recorded in test/fixtures/macos\n`);
  return askLaunchd(...argv);
}

/** Splits arguments as getopt does: `valued` letters take the rest of the word, or the next word. */
function parse(words, valued) {
  const found = { flags: '', values: {}, named: [] };
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (!word.startsWith('-')) found.named.push(word);
    for (let letter = 1; word.startsWith('-') && letter < word.length; letter += 1) {
      if (!valued.includes(word[letter])) found.flags += word[letter];
      else {
        const value = word.slice(letter + 1) || words[(at += 1)];
        (found.values[word[letter]] ??= []).push(value);
        break;
      }
    }
  }
  return found;
}

/** Words before the arguments: the program, LC_ALL, LC_CTYPE, LANG, TZ, and how many arguments there are. */
const HEAD = 6;

/**
 * Answers the scripts that stand for the programs: each sends its words, each with a NUL behind it, and gets the exit code and what goes to
 * standard error, each with a NUL behind it, then what goes to standard output.
 *
 * @returns the port on loopback, where a script finds us without another program
 */
export function servePrograms(folder, launchctlOf) {
  mac = folder;
  askLaunchd = launchctlOf;
  const server = createServer((socket) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      text += chunk;
      const words = text.split('\0');
      if (words.length <= HEAD || words.length <= HEAD + Number(words[HEAD - 1])) return;
      const { code, stdout = '', stderr = '' } = answer(words.slice(0, -1));
      socket.end(`${code}\0${stderr}\0${stdout}`);
    });
  });
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}

function answer([program, LC_ALL, LC_CTYPE, LANG, TZ, , ...words]) {
  name = program;
  argv = words;
  locale = [LC_ALL, LC_CTYPE, LANG].find((one) => one !== '') ?? 'C';
  const zone = TZ === '' ? undefined : TZ;
  appendFileSync(join(mac, 'asked.jsonl'), `${JSON.stringify({ program, argv, locale, TZ: zone })}\n`);
  // A test may say what a program answers next: answers/NAME holds the whole text.
  const told = join(mac, 'answers', `${name}.json`);
  try {
    return existsSync(told) ? JSON.parse(readFileSync(told, 'utf8')) : inZone(zone, PROGRAMS[name]);
  } catch (error) {
    return done('', 1, `${error.stack}\n`);
  }
}

/** Times of day are those of the zone that the caller names. */
function inZone(zone, act) {
  const { TZ: own } = process.env;
  setZone(zone);
  try {
    return act();
  } finally {
    setZone(own);
  }
}

function setZone(zone) {
  if (zone === process.env.TZ) return;
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
}
