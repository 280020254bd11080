// List of orphaned MCP servers: cost, command line and evidence of each.
import { span, size } from '../../core/base/format.ts';
import type { Orphan } from '../../orphans/find-orphans.ts';
import type { ReapedOrphan } from '../../orphans/reap-orphans.ts';
import { fit, paint, type Style, type ViewOptions } from '../views/style.ts';

/** Writes certain orphans first, then uncertain ones, then a summary with the cure. */
export function orphanLines(orphans: readonly Orphan[], options: ViewOptions): string[] {
  if (orphans.length === 0) return ['No orphaned MCP servers'];
  const certain = orphans.filter(({ isCertain }) => isCertain);
  const uncertain = orphans.filter(({ isCertain }) => !isCertain);
  return [
    ...certain.flatMap((orphan) => entry(orphan, options)),
    ...(uncertain.length === 0 ? [] : uncertainLines(uncertain, options)),
    '',
    summaryOf(certain, uncertain),
  ];
}

export function reapedLines(
  orphans: readonly Orphan[],
  reaped: readonly ReapedOrphan[],
  options: ViewOptions,
): string[] {
  const { width, colour } = options;
  const uncertain = orphans.filter(({ isCertain }) => !isCertain);
  const lines = reaped.flatMap(({ orphan, outcome }) => {
    const [words, style] = OUTCOMES[outcome];
    const text = fit(`pid ${orphan.pid}  ${words}  ${orphan.command}`, width);
    return [paint(text, style, colour), ...reasons(orphan, options)];
  });
  const none = reaped.length === 0 ? ['No certain orphan to end'] : [];
  return [...lines, ...none, ...(uncertain.length === 0 ? [] : uncertainLines(uncertain, options))];
}

const OUTCOMES: Readonly<Record<ReapedOrphan['outcome'], readonly [words: string, style: Style]>> = {
  ended: ['ended', 'green'],
  killed: ['killed, it did not end when asked', 'yellow'],
  gone: ['had exited already', 'dim'],
  alive: ['is still alive: the kernel holds it', 'red'],
};

function uncertainLines(orphans: readonly Orphan[], options: ViewOptions): string[] {
  return [
    '',
    paint('Perhaps running on purpose, never ended by the watchdog:', 'bold', options.colour),
    ...orphans.flatMap((orphan) => entry(orphan, options)),
  ];
}

function entry(orphan: Orphan, options: ViewOptions): string[] {
  const { pid, command, age, residentBytes, members } = orphan;
  const facts = [
    `pid ${pid}`,
    ...(age === null ? [] : [span(age)]),
    ...(residentBytes === null ? [] : [size(residentBytes)]),
    ...(members.length > 1 ? [`${members.length} processes`] : []),
  ].join('  ');
  const head = `${paint(facts, orphan.isCertain ? 'yellow' : 'dim', options.colour)}  `;
  return [head + fit(command, Math.max(20, options.width - facts.length - 2)), ...reasons(orphan, options)];
}

function reasons({ because, server }: Orphan, { width, colour }: ViewOptions): string[] {
  const of = server === null ? [] : [`it matches the configured server ${server}`];
  return [paint(fit(`  ${[...because, ...of].join('; ')}`, width), 'dim', colour)];
}

function summaryOf(certain: readonly Orphan[], uncertain: readonly Orphan[]): string {
  const sum = (orphans: readonly Orphan[]) =>
    size(orphans.reduce((total, { residentBytes }) => total + (residentBytes ?? 0), 0));
  if (certain.length === 0)
    return `${count(uncertain.length)} with ${sum(uncertain)} may be orphaned: end what you do not need with kill`;
  return `${count(certain.length)} with ${sum(certain)} orphaned: mcp-watchdog orphans --reap ends ${certain.length === 1 ? 'it' : 'them'}`;
}

function count(servers: number): string {
  return servers === 1 ? '1 MCP server' : `${servers} MCP servers`;
}
