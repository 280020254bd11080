// Command `tools NAME`: the tools that a server offers now, with their arguments.
import { isObject } from '../../core/base/guards.ts';
import { neutralise } from '../../core/base/text.ts';
import type { OfferedTool } from '../../core/tools/tool-diff.ts';
import { describeHints } from '../../core/tools/tool-hints.ts';
import type { CommandContext } from '../shared/command.ts';
import { printResult, viewOptions } from '../shared/output.ts';
import { pickServer, withDaemon } from '../shared/with-daemon.ts';
import { type Cell, fit, type ViewOptions } from '../views/style.ts';
import { type Column, layoutTable } from '../views/table.ts';

/** ms. A server with many pages of tools takes three timeouts of its probe. */
const TIMEOUT = 120_000;

export function run(context: CommandContext): Promise<number> {
  const [name = ''] = context.arguments;
  return withDaemon(context, async (daemon) => {
    // First, so that a wrong name gets a suggestion.
    pickServer(await daemon.request('status', {}), name);
    const tools = await daemon.request('tools', { name }, { timeout: TIMEOUT });
    printResult(context, { server: name, tools }, toolLines(name, tools, viewOptions(context)));
    return 0;
  });
}

function toolLines(server: string, tools: readonly OfferedTool[], { width, colour }: ViewOptions): string[] {
  if (tools.length === 0) return [`${server} offers no tools`];
  // Descriptions are shortened first: what a tool is called with says more than half a sentence.
  const columns: readonly Column<OfferedTool>[] = [
    { title: 'TOOL', cell: ({ name }) => ({ text: neutralise(name), style: 'bold' }), widest: WIDEST_NAME },
    { title: 'DESCRIPTION', cell: (tool) => ({ text: summaryOf(tool) }), shrinksTo: 24, leaves: 1 },
    { title: 'HINTS', cell: ({ hints = {} }) => ({ text: describeHints(hints).join(', ') }), leaves: 2 },
    { title: 'GATEWAY', cell: ruleOf },
    { title: 'ARGUMENTS', cell: (tool) => ({ text: neutralise(argumentsOf(tool)) }), shrinksTo: 12 },
  ];
  const count = tools.length === 1 ? '1 tool' : `${tools.length} tools`;
  return [
    ...layoutTable(tools, columns, { width, colour }),
    '',
    `${count}; --json shows their schemas`,
    ...(tools.some(({ hints }) => hints !== undefined) ? [fit(HINTS, width)] : []),
  ];
}

/** Columns. The protocol asks for names of at most 128 characters, and clients for fewer. */
const WIDEST_NAME = 64;

const HINTS = 'Hints are what the server says of its tools: it may be wrong';

/** The rule that keeps clients from the tool; empty where there is none. */
function ruleOf({ access }: Partial<OfferedTool>): Cell {
  // A daemon of an earlier release says nothing of access.
  const rule = access?.deniedBy ?? null;
  return rule === null ? { text: '' } : { text: `denied by ${rule}`, style: 'yellow' };
}

/** Writes `query, limit?`: the properties of the schema, the optional ones with a question mark. */
function argumentsOf({ inputSchema }: OfferedTool): string {
  if (!isObject(inputSchema) || !isObject(inputSchema['properties'])) return '';
  const needed = Array.isArray(inputSchema['required']) ? inputSchema['required'] : [];
  return Object.keys(inputSchema['properties'])
    .map((name) => (needed.includes(name) ? name : `${name}?`))
    .join(', ');
}

/** First line of the description that says something. */
function summaryOf({ description = '' }: OfferedTool): string {
  const line = description.split('\n').find((one) => one.trim() !== '') ?? '';
  return neutralise(line.trim());
}
