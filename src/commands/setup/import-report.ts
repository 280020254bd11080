// Report of an import from MCP clients: what was imported, what was not and why, and what is left to do.
import { tildePath } from '../../config/import/import-clients.ts';
import type {
  ImportConflict,
  ImportResult,
  ImportedServer,
  PendingServer,
} from '../../config/import/import-clients.ts';
import { maskSections, maskSettings } from '../../config/import/mask-import.ts';
import { neutralise } from '../../core/base/text.ts';
import { paint, type ViewOptions } from '../views/style.ts';
import type { Style } from '../views/style.ts';
import { layoutTable } from '../views/table.ts';

export interface ReportOptions extends ViewOptions {
  /** Path of our config. */
  readonly config: string;
  /** The user's home folder. */
  readonly home: string;
  readonly isWritten: boolean;
}

export function importReport(found: ImportResult, options: ReportOptions): string[] {
  const title = (text: string, style: Style = 'bold') => paint(text, style, options.colour);
  const section = (text: string, lines: readonly string[], style?: Style) =>
    lines.length === 0 ? [] : ['', title(text, style), ...lines.map((line) => `  ${neutralise(line)}`)];
  return [
    ...sourceLines(found, options),
    ...(found.servers.length === 0 ? [] : ['', ...table(found.servers, options)]),
    ...section('Worth knowing', found.servers.flatMap(noteLines)),
    ...section(
      'Written as comments and not started: complete them by hand',
      found.waiting.flatMap(waitingLines),
      'yellow',
    ),
    ...section(
      'Different in different clients, so none is started: choose in the file',
      found.conflicts.flatMap(conflictLines),
      'red',
    ),
    ...section(
      'Left out',
      found.skipped.map(({ name, from, reason }) => `${name} (${from}): ${reason}`),
    ),
    '',
    ...closing(found, options),
  ];
}

function sourceLines({ sources }: ImportResult, { home }: ReportOptions): string[] {
  return sources.flatMap(({ path, servers, isWritableByOthers }) => {
    const read = `Read ${neutralise(tildePath(path, { home }))}: ${servers === 1 ? '1 server' : `${servers} servers`}`;
    return isWritableByOthers
      ? [read, 'warning: other users may write that file, and so decide what is started']
      : [read];
  });
}

function table(servers: readonly ImportedServer[], { width, colour }: ReportOptions): string[] {
  return layoutTable(
    servers,
    [
      { title: 'SERVER', cell: ({ name }) => ({ text: name }) },
      { title: 'HOW', cell: (server) => ({ text: neutralise(how(server)) }), shrinksTo: 20 },
      { title: 'FROM', cell: ({ from }) => ({ text: neutralise(from.join(', ')) }) },
    ],
    { width, colour },
  );
}

/** Describes how a server is started, without its arguments, which may be secret. */
function how({ settings, enabled }: ImportedServer): string {
  const { package: name, version, command, url } = settings;
  const off = enabled ? '' : ', switched off';
  if (typeof name === 'string')
    return `package ${name}${typeof version === 'string' ? `@${version}` : ''}${off}`;
  if (typeof url === 'string')
    return `watched, ${URL.canParse(url) ? new URL(url).host : 'an address from the environment'}${off}`;
  return `command ${Array.isArray(command) ? String(command[0]) : ''}${off}`;
}

function noteLines({ name, notes }: ImportedServer): string[] {
  return notes.map((note) => `${name}: ${note}`);
}

function waitingLines({ server, reasons }: PendingServer): string[] {
  return reasons.map((reason) => `${server.name} (${server.from.join(', ')}): ${reason}`);
}

/** Writes the settings of each client, only the keys that differ. */
function conflictLines({ name, servers }: ImportConflict): string[] {
  const shown = servers.map(({ settings }) => maskSettings(settings));
  const keys = [...new Set(servers.flatMap(({ settings }) => Object.keys(settings)))].filter(
    (key) => new Set(servers.map(({ settings }) => JSON.stringify(settings[key]))).size > 1,
  );
  return [
    name,
    ...servers.map(({ from }, index) => {
      const values = keys.map((key) => `${key}: ${JSON.stringify(shown[index]?.[key] ?? null)}`);
      return `  ${from.join(', ')}: ${values.join('  ')}`;
    }),
  ];
}

function closing(found: ImportResult, { config, isWritten, home }: ReportOptions): string[] {
  const path = neutralise(tildePath(config, { home }));
  const variables = [...new Set(found.servers.flatMap(({ needs }) => needs.map(({ name }) => name)))];
  const [first] = found.conflicts;
  return [
    ...(first === undefined
      ? []
      : [`Not decided: ${found.conflicts.map(({ name }) => name).join(', ')}; see above.`]),
    isWritten
      ? `Wrote ${path} (mode 600). The files of the clients were only read.`
      : notWritten(found, path),
    ...(variables.length === 0
      ? []
      : [
          `From the environment at each start: ${variables.join(', ')}. They are not set at login: write the values into the file then.`,
        ]),
    ...(isWritten ? [...CONSEQUENCES, 'Next: mcp-watchdog config validate, then mcp-watchdog start'] : []),
  ];
}

function notWritten({ servers, waiting, conflicts }: ImportResult, path: string): string {
  const count = servers.length + waiting.length + conflicts.length;
  if (count === 0) return 'Nothing was written: no server was found that can be imported.';
  return `Nothing was written. To keep it: paste what you want below servers: in ${path}`;
}

const CONSEQUENCES = [
  'The watchdog runs its own copies. The clients keep starting theirs until they use the shared ones:',
  'the same command with --rewrite changes their files (docs/clients.md); a url is only watched.',
];

/** Builds the JSON report; secrets are masked. */
export function importJson(found: ImportResult, { config, isWritten }: ReportOptions): object {
  const { servers, waiting, conflicts } = maskSections(found);
  return {
    written: isWritten ? config : null,
    sources: found.sources,
    servers,
    waiting: waiting.map(({ server, reasons }) => Object.assign({}, server, { reasons })),
    conflicts,
    skipped: found.skipped,
  };
}
