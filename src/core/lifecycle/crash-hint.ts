// Hint for a Python server that ends because the MCP SDK beside it is newer than the one that it was written for.
import { parseRunnerLine } from '../base/package-runner.ts';
import type { Source } from '../model/server-spec.ts';
import { normalizeName } from '../python/requirement.ts';

/**
 * Last lines of a stack of Python over the SDK 2, which moved modules and names and took the decorators of `Server` away; its
 * own advice is the first.
 */
const OLDER_SDK =
  /\bpin 'mcp<2'|\bNo module named 'mcp\.[\w.]+'|\bcannot import name '\w+' from (?:partially initialized module )?'mcp(?:\.[\w.]+)?'|\bmodule 'mcp(?:\.[\w.]+)?' has no attribute '|'(?:Server|FastMCP)' object has no attribute '(?:list|call|read|get|set|subscribe|unsubscribe|progress|completion|request)\w*'/u;

/**
 * Tells what to do about a server that ended like one for an older MCP SDK; null for any other end.
 *
 * @param lines what it printed last
 */
export function hintOfOlderSdk(source: Source, lines: readonly string[]): string | null {
  if (source.kind === 'url' || !lines.some((line) => OLDER_SDK.test(line))) return null;
  if (source.kind === 'package')
    return source.manager === 'pypi' ? hintOfPackage(source.python?.with ?? []) : null;
  const runner = parseRunnerLine(source.command);
  if (runner?.index !== 'pypi') return `${WHY}: install "mcp<2" where its Python finds packages.`;
  if (limitsSdk(runner.extras)) return null;
  return runner.runner.startsWith('pipx')
    ? `${WHY}: write it as \`package: "pypi:NAME"\` with \`with: ["mcp<2"]\`.`
    : `${WHY}: add --with "mcp<2" to the flags of ${runner.runner}.`;
}

const WHY = 'It was written for the MCP SDK 1';

function hintOfPackage(beside: readonly string[]): string | null {
  return limitsSdk(beside) ? null : `${WHY}: set \`with: ["mcp<2"]\` for this server.`;
}

/** With a limit of one's own the advice would be wrong. */
function limitsSdk(beside: readonly string[]): boolean {
  return beside.some((each) => normalizeName(/^[\w.-]+/u.exec(each.trim())?.[0] ?? '') === 'mcp');
}
