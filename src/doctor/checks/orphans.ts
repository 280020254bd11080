// Check for orphaned MCP servers.
import { size } from '../../core/base/format.ts';
import { type Check, ok, warning } from '../check.ts';

export const orphans: Check = {
  id: 'orphans',
  title: 'Orphans',
  async run(context) {
    const found = await context.orphans();
    const certain = found.filter(({ isCertain }) => isCertain);
    const bytes = certain.reduce((sum, { residentBytes }) => sum + (residentBytes ?? 0), 0);
    if (certain.length > 0)
      return [
        warning(
          `${count(certain.length)} with ${size(bytes)} without an owner`,
          'mcp-watchdog orphans shows them, --reap ends them',
        ),
      ];
    if (found.length === 0) return [ok('none')];
    return [ok(`${count(found.length)} possibly intended: mcp-watchdog orphans shows them`)];
  },
};

function count(servers: number): string {
  return servers === 1 ? '1 MCP server' : `${servers} MCP servers`;
}
