// Real MCP servers and bridges that `npm run compat` installs, starts, breaks and updates.
// A row: `name`, `package` (installed by the watchdog) or `bridge` (npm packages and the command that joins them), what it needs to
// start (`args`, `env`, `http: (port) => …`), and `expect: 'up'`, or the reason that the watchdog has to show when it cannot be up.

const EVERYTHING = '@modelcontextprotocol/server-everything';

/** Nothing here is a credential: servers that check theirs only at the first call start with any text. */
const ANY = 'not-a-real-key';

export const SERVERS = [
  npm('context7', '@upstash/context7-mcp'),
  npm('context7-http', '@upstash/context7-mcp', {
    args: (port) => ['--transport', 'http', '--port', `${port}`],
    url: (port) => `http://127.0.0.1:${port}/mcp`,
  }),
  npm('everything', EVERYTHING),
  npm('everything-http', EVERYTHING, {
    args: () => ['streamableHttp'],
    env: (port) => ({ PORT: `${port}` }),
    url: (port) => `http://127.0.0.1:${port}/mcp`,
  }),
  npm('filesystem', '@modelcontextprotocol/server-filesystem', { args: (port, folder) => [folder] }),
  npm('memory', '@modelcontextprotocol/server-memory'),
  npm('sequential-thinking', '@modelcontextprotocol/server-sequential-thinking'),
  npm('playwright', '@playwright/mcp', { args: () => ['--headless'] }),
  npm('playwright-http', '@playwright/mcp', {
    args: (port) => ['--headless', '--port', `${port}`],
    url: (port) => `http://localhost:${port}/mcp`,
  }),
  npm('chrome-devtools', 'chrome-devtools-mcp'),
  npm('desktop-commander', '@wonderwhy-er/desktop-commander'),
  npm('eslint', '@eslint/mcp'),
  npm('notion', '@notionhq/notion-mcp-server', { env: () => ({ NOTION_TOKEN: ANY }) }),
  npm('exa', 'exa-mcp-server', { env: () => ({ EXA_API_KEY: ANY }) }),
  npm('chart', '@antv/mcp-server-chart'),
  npm('shadcn', 'shadcn', { args: () => ['mcp'] }),
  npm('nx', 'nx-mcp'),
  npm('n8n', 'n8n-mcp'),
  npm('mongodb', 'mongodb-mcp-server'),
  npm('tavily', 'tavily-mcp', { env: () => ({ TAVILY_API_KEY: ANY }) }),
  npm('figma', 'figma-developer-mcp', { args: () => ['--stdio'], env: () => ({ FIGMA_API_KEY: ANY }) }),
  npm('task-master', 'task-master-ai', { bin: 'task-master-mcp' }),
  npm('firecrawl', 'firecrawl-mcp', { isPinned: false, env: () => ({ FIRECRAWL_API_KEY: ANY }) }),
  npm('sentry', '@sentry/mcp-server', { isPinned: false, env: () => ({ SENTRY_ACCESS_TOKEN: ANY }) }),
  npm('dbhub', '@bytebase/dbhub', { isPinned: false, args: () => ['--demo'] }),
  npm('excel', '@negokaz/excel-mcp-server'),
  npm('azure', '@azure/mcp', { args: () => ['server', 'start'] }),
  npm('mermaid', 'mcp-mermaid'),
  npm('supabase', '@supabase/mcp-server-supabase', {
    env: () => ({ SUPABASE_ACCESS_TOKEN: 'sbp_0000000000000000000000000000000000000000' }),
  }),
  npm('stripe', '@stripe/mcp', { env: () => ({ STRIPE_SECRET_KEY: 'sk_test_000000000000000000000000' }) }),
  npm('brave-search', '@brave/brave-search-mcp-server', { env: () => ({ BRAVE_API_KEY: ANY }) }),
  npm('airtable', 'airtable-mcp-server', { env: () => ({ AIRTABLE_API_KEY: ANY }) }),
  npm('kubernetes', 'mcp-server-kubernetes'),
  npm('commands', 'mcp-server-commands'),
  npm('slack-without-token', '@modelcontextprotocol/server-slack', { expect: /SLACK_BOT_TOKEN/u }),
  bridge('supergateway-stateless', ['supergateway', EVERYTHING], (port, bin) => [
    'node',
    bin('supergateway'),
    '--stdio',
    `node ${bin(EVERYTHING)}`,
    '--outputTransport',
    'streamableHttp',
    '--port',
    `${port}`,
  ]),
  bridge('supergateway-stateful', ['supergateway', EVERYTHING], (port, bin) => [
    'node',
    bin('supergateway'),
    '--stdio',
    `node ${bin(EVERYTHING)}`,
    '--outputTransport',
    'streamableHttp',
    '--stateful',
    '--port',
    `${port}`,
  ]),
  bridge('mcp-proxy', ['mcp-proxy', EVERYTHING], (port, bin) => [
    'node',
    bin('mcp-proxy'),
    '--port',
    `${port}`,
    '--host',
    '127.0.0.1',
    'node',
    bin(EVERYTHING),
  ]),
  bridge(
    'fastmcp-http',
    ['fastmcp', 'zod'],
    (port, bin, folder) => ['node', `${folder}/server.mjs`, `${port}`],
    {
      'server.mjs': `import { FastMCP } from 'fastmcp';
import { z } from 'zod';
const server = new FastMCP({ name: 'compat', version: '1.0.0' });
server.addTool({ name: 'add', description: 'Adds', parameters: z.object({ a: z.number(), b: z.number() }), execute: async ({ a, b }) => String(a + b) });
await server.start({ transportType: 'httpStream', httpStream: { port: Number(process.argv[2]) } });
`,
    },
  ),
  python('py-time', 'mcp-server-time'),
  python('py-git', 'mcp-server-git', { args: (port, folder) => ['--repository', folder], repository: true }),
  python('py-fetch', 'mcp-server-fetch'),
  python('py-sqlite', 'mcp-server-sqlite', {
    args: (port, folder) => ['--db-path', `${folder}/data.db`],
    with: ['mcp<2'],
  }),
  python('py-markitdown', 'markitdown-mcp'),
  python('py-duckduckgo', 'duckduckgo-mcp-server'),
  python('py-calculator', 'mcp-server-calculator', { with: ['mcp<2'] }),
  python('py-arxiv', 'arxiv-mcp-server', { args: (port, folder) => ['--storage-path', folder] }),
  python('py-wikipedia', 'wikipedia-mcp'),
  python('py-excel', 'excel-mcp-server', { args: () => ['stdio'] }),
  python('py-aws-docs', 'awslabs.aws-documentation-mcp-server'),
  python('py-fastmcp-stdio', 'fastmcp', {
    bin: 'python',
    args: (port, folder) => [`${folder}/server.py`],
    files: { 'server.py': fastMcp('mcp.run()') },
  }),
  python('py-fastmcp-http', 'fastmcp', {
    bin: 'python',
    args: (port, folder) => [`${folder}/server.py`, `${port}`],
    url: (port) => `http://127.0.0.1:${port}/mcp`,
    files: { 'server.py': fastMcp("mcp.run(transport='http', port=int(sys.argv[1]))") },
  }),
  python('py-sdk-1', 'mcp', {
    version: '<2',
    bin: 'python',
    args: (port, folder) => [`${folder}/server.py`],
    files: { 'server.py': sdk('from mcp.server.fastmcp import FastMCP as Server') },
  }),
  python('py-sdk-2', 'mcp', {
    version: '>=2',
    bin: 'python',
    args: (port, folder) => [`${folder}/server.py`],
    files: { 'server.py': sdk('from mcp.server.mcpserver import MCPServer as Server') },
  }),
];

function fastMcp(run) {
  return `import sys
from fastmcp import FastMCP
mcp = FastMCP('compat')
@mcp.tool
def add(a: int, b: int) -> int:
    return a + b
${run}
`;
}

function sdk(importLine) {
  return `${importLine}
mcp = Server('compat')
@mcp.tool()
def add(a: int, b: int) -> int:
    return a + b
mcp.run()
`;
}

/** A package of the Python index; `version` instead of its second newest one, which is not updated then. */
function python(
  name,
  id,
  {
    args = () => [],
    env = () => ({}),
    url = null,
    bin,
    version,
    files = {},
    repository = false,
    ...keys
  } = {},
) {
  const isPinned = version === undefined;
  return {
    name,
    package: `pypi:${id}`,
    args,
    env,
    url,
    bin,
    version,
    files,
    repository,
    keys,
    expect: 'up',
    isPinned,
  };
}

/** `isPinned: false`: some releases want another Node, so the watchdog chooses, and nothing is updated. */
function npm(
  name,
  id,
  { args = () => [], env = () => ({}), url = null, bin, expect = 'up', isPinned = true } = {},
) {
  return { name, package: id, args, env, url, bin, expect, isPinned };
}

function bridge(name, packages, command, files = {}) {
  return {
    name,
    bridge: packages,
    command,
    files,
    url: (port) => `http://127.0.0.1:${port}/mcp`,
    expect: 'up',
  };
}
