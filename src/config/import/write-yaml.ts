// YAML writer for imported servers: each with its origin, and undecided ones as comments.
import { Document, isSeq, visit } from 'yaml';
import { neutralise } from '../../core/base/text.ts';
import type { ImportConflict, ImportedServer } from './merge-servers.ts';
import { documentMap } from '../schema/document.ts';

/** A server that cannot be started yet, and why. */
export interface PendingServer {
  readonly server: ImportedServer;
  readonly reasons: readonly string[];
}

export interface ImportSections {
  readonly servers: readonly ImportedServer[];
  readonly waiting: readonly PendingServer[];
  readonly conflicts: readonly ImportConflict[];
}

/** Writes a whole config file. */
export function importedConfig(parts: ImportSections): string {
  return `${[...HEAD, '', ...importedServers(parts)].join('\n')}\n`;
}

const HEAD = [
  '# Servers that mcp-watchdog keeps alive, imported from MCP clients. After a change: mcp-watchdog config validate',
  '# Every key, with its default and its meaning: docs/configuration.md. It may hold secrets: keep its mode at 600.',
];

/** Writes the same without the head: what can be pasted below the `servers` of an existing config. */
export function importedServers({ servers, waiting, conflicts }: ImportSections): string[] {
  const sections = [
    ...servers.map(serverLines),
    ...waiting.map(waitingLines),
    ...conflicts.map(conflictLines),
  ].flatMap((lines) => [''].concat(lines));
  const isEmpty = servers.length === 0;
  return [
    isEmpty ? 'servers: {} # without the {} once a server below is taken out of its comment' : 'servers:',
    ...sections.slice(1),
  ];
}

function serverLines(server: ImportedServer): string[] {
  return [comment(`from ${server.from.join(', ')}`), ...server.notes.map(comment), ...settingLines(server)];
}

function waitingLines({ server, reasons }: PendingServer): string[] {
  return [
    comment(`from ${server.from.join(', ')}; not started yet:`),
    ...reasons.map((reason) => comment(`- ${reason}`)),
    ...server.notes.map(comment),
    ...inComment(settingLines(server)),
  ];
}

function conflictLines({ name, servers }: ImportConflict): string[] {
  return [
    comment(
      `${name}: the clients differ, so none is started. Take one out of its comment, or several under names of their own.`,
    ),
    ...servers.flatMap((server) => [
      comment(`from ${server.from.join(', ')}`),
      ...server.notes.map(comment),
      ...inComment(settingLines(server)),
    ]),
  ];
}

/** Writes `  name:` and what is below it. */
function settingLines(server: ImportedServer): string[] {
  return serverYaml(server).map((line) => `  ${line}`);
}

/** Writes `name:` and what is below it, one line each. */
export function serverYaml({
  name,
  settings,
  enabled,
}: Pick<ImportedServer, 'name' | 'settings' | 'enabled'>): string[] {
  const off = enabled ? [] : ([['enabled', false]] as const);
  const document = new Document({ [name]: documentMap([...Object.entries(settings), ...off]) });
  visit(document, {
    Seq(_, node) {
      if (isSeq(node) && JSON.stringify(node).length <= LONGEST_LINE) node.flow = true;
    },
  });
  return document
    .toString({
      lineWidth: 0,
      blockQuote: false,
      flowCollectionPadding: false,
      doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
    })
    .replace(/\n$/, '')
    .split('\n');
}

const LONGEST_LINE = 110;

/** Writes one line, whatever a client's file put into it: text behind a line break would not be a comment. */
function comment(text: string): string {
  return `  # ${neutralise(text)}`;
}

/** Comments lines out so that they are indented right again once `# ` is removed. */
function inComment(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/^ {2}/, '  # '));
}
