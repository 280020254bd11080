// Tools of one server with their calls, beside them its clients and versions; below each other where there is no width.
import { neutralise } from '../../core/base/text.ts';
import type { ServerStatus } from '../../core/model/status.ts';
import { availableVersion, versionText } from '../../core/update/update-text.ts';
import { fit, middle, pad, paint, widthOf } from '../views/style.ts';
import type { Room } from './list-view.ts';
import type { Facts } from './model.ts';
import { short, shortTime, type Signs } from './words.ts';

/** Columns from which both stand beside each other. */
const WIDE = 76;
/** Columns of the numbers of a tool. */
const NUMBERS = 22;

/** Writes at most `most` tools; nothing for a server that clients cannot reach. */
export function trafficLines(
  server: ServerStatus,
  { traffic, now }: Facts,
  { width, colour, signs }: Room,
  most: number,
): string[] {
  if (traffic === null || traffic.load === null) return [];
  const { sessions, inFlight, queued } = traffic.load;
  const head = `CLIENTS ${sessions}, in flight ${inFlight}, queued ${queued}`;
  const clients = traffic.clients.map(
    ({ client, lastAt }) => `${neutralise(client ?? 'unnamed')} ${short(now - lastAt)}`,
  );
  const version = versionLine(server);
  if (width < WIDE) {
    const who = clients.length === 0 ? '' : `: ${clients.slice(0, 3).join(', ')}`;
    const all = [
      paint(fit(head + who, width), 'dim', colour),
      ...toolLines(traffic.tools, { width, colour, signs, most }),
    ];
    return all;
  }
  // 44 columns hold the longest of the right side but for names, which are cut.
  const left = Math.min(60, Math.max(40, width - 44));
  const tools = toolLines(traffic.tools, { width: left, colour, signs, most });
  const right = [
    paint(fit(head, width - left - 3), 'dim', colour),
    ...clients.slice(0, most).map((one) => fit(one, width - left - 3)),
    ...(version === null ? [] : [fit(version, width - left - 3)]),
  ].slice(0, most + 1);
  const bar = signs.isAscii ? '|' : '│';
  return Array.from({ length: Math.max(tools.length, right.length) }, (_, index) => {
    const { text, plain } = withWidth(tools[index] ?? '');
    return `${text}${' '.repeat(Math.max(0, left - plain))} ${paint(bar, 'dim', colour)} ${right[index] ?? ''}`.trimEnd();
  });
}

interface ToolRoom extends Pick<Room, 'width' | 'colour'> {
  readonly signs: Signs;
  readonly most: number;
}

type Tools = NonNullable<Facts['traffic']>['tools'];

function toolLines(all: Tools, { width, colour, signs, most }: ToolRoom): string[] {
  const name = Math.max(12, Math.min(40, width - NUMBERS));
  const titles = [
    pad(`TOOL (${all.length})`, name),
    pad('CALLS', 6, 'left'),
    pad('ERRORS', 7, 'left'),
    pad('P95', 6, 'left'),
  ];
  if (all.length === 0) return [paint(fit('TOOL: no calls yet', width), 'dim', colour)];
  const tools = all.slice(0, most).map(({ tool, calls, errors, p95 }) => {
    const share = calls === 0 ? signs.none : `${((errors / calls) * 100).toFixed(1)}%`;
    const cells = [
      pad(middle(neutralise(tool), name), name),
      pad(String(calls), 6, 'left'),
      pad(share, 7, 'left'),
      pad(shortTime(p95), 6, 'left'),
    ];
    return fit(cells.join(' '), width);
  });
  return [paint(fit(titles.join(' '), width), 'dim', colour), ...tools];
}

/** `VERSION 0.0.48, nothing newer`; null where that was never asked. */
function versionLine({ version, update }: ServerStatus): string | null {
  if (version === null || update === null || update.outlook === null) return null;
  const newer = availableVersion(update);
  return `VERSION ${versionText(version)}, ${newer === null ? 'nothing newer' : `${versionText(newer)} is there`}`;
}

// eslint-disable-next-line no-control-regex -- colours take no room
const COLOURS = /\u001B\[[\d;]*m/gu;

function withWidth(text: string): { readonly text: string; readonly plain: number } {
  return { text, plain: widthOf(text.replaceAll(COLOURS, '')) };
}
