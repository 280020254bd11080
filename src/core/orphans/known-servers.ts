// Recognition of MCP servers: those of the config, and well-known ones by exact names of packages and programs.
import { type ServerProgram, programOf } from './server-program.ts';
import { registryName } from '../model/package.ts';
import type { ServerSpec } from '../model/server-spec.ts';

/** A server of the config and the program by which its processes are recognised. */
export interface ConfiguredProgram {
  readonly server: string;
  readonly program: ServerProgram;
}

/** Lists the programs of the config; a server that is only watched has none. */
export function configuredPrograms(specs: readonly ServerSpec[]): ConfiguredProgram[] {
  return specs.flatMap(({ name: server, source, args }) => {
    if (source.kind === 'url') return [];
    const program =
      source.kind === 'command'
        ? programOf([...source.command, ...args])
        : { names: [registryName(source.package)], file: null, rest: args, isWrapper: true };
    return program === null ? [] : [{ server, program }];
  });
}

/** Recognises a program; null when it is neither a server of the config nor matches `patterns`. */
export function recogniseServer(
  program: ServerProgram,
  { configured, patterns }: { configured: readonly ConfiguredProgram[]; patterns: readonly string[] },
): { readonly name: string; readonly server: string | null } | null {
  const own = configured.find((one) => isSameProgram(one.program, program));
  if (own !== undefined) return { name: program.names[0] ?? own.server, server: own.server };
  const known = program.names.find((name) => patterns.some((pattern) => matchesPattern(name, pattern)));
  return known === undefined ? null : { name: known, server: null };
}

/** True for the same package anywhere; another program must also have the arguments that make it a server. */
function isSameProgram(configured: ServerProgram, found: ServerProgram): boolean {
  const { file, names, rest, isWrapper } = configured;
  if (!names.some((name) => found.names.some((other) => isSameText(name, other)))) return false;
  if (isWrapper || file?.includes('/node_modules/') === true) return true;
  if (isAmbiguous(configured)) return false;
  const isSameFile = isSameText(file ?? '', found.file ?? '') || file?.includes('/') === false;
  return isSameFile && beginsWith(found.rest, rest);
}

/** macOS keeps the name of a file in the form in which it was made: `é` may be one character or two. */
function isSameText(one: string, other: string): boolean {
  return one.normalize('NFC') === other.normalize('NFC');
}

/** Compares the words as one text: macOS' ps does not tell where an argument with spaces ends. */
function beginsWith(found: readonly string[], wanted: readonly string[]): boolean {
  const [text, start] = [found, wanted].map(
    (words) => `${words.join(' ').trim().replaceAll(/\s+/gu, ' ').normalize('NFC')} `,
  );
  return wanted.length === 0 || (text ?? '').startsWith(start ?? '');
}

/** True for `node dist/index.js` and `python -m worker`, which depend on the working directory and identify nothing. */
function isAmbiguous({ file, names, rest }: ServerProgram): boolean {
  if (file === null) return rest.length === 0 && !names.some((name) => /mcp/iu.test(name));
  return !file.startsWith('/') && (file.includes('/') || /\.[cm]?[jt]s$|\.py$/u.test(file));
}

/** Patterns of well-known servers: `*` matches the rest of one name. Python modules are written with dashes. */
export const KNOWN_SERVERS: readonly string[] = [
  // Families of names that are MCP servers by convention.
  '@modelcontextprotocol/server-*',
  'mcp-server-*',
  // npm packages, then the programs in them where those are called otherwise.
  '@azure/mcp',
  '@browsermcp/mcp',
  '@brave/brave-search-mcp-server',
  '@cloudflare/mcp-server-cloudflare',
  '@executeautomation/playwright-mcp-server',
  '@larksuiteoapi/lark-mcp',
  '@notionhq/notion-mcp-server',
  '@playwright/mcp',
  '@sentry/mcp-server',
  '@stripe/mcp',
  '@supabase/mcp-server-supabase',
  '@upstash/context7-mcp',
  '@wonderwhy-er/desktop-commander',
  'brave-search-mcp-server',
  'chrome-devtools-mcp',
  'context7-mcp',
  'desktop-commander',
  'exa-mcp-server',
  'figma-developer-mcp',
  'firecrawl-mcp',
  'google-docs-mcp',
  'lark-mcp',
  'mcp-proxy',
  'mcp-remote',
  'mcp-searxng',
  'n8n-mcp',
  'notion-mcp-server',
  'playwright-mcp',
  'playwright-mcp-server',
  'puppeteer-mcp-server',
  'supergateway',
  'tavily-mcp',
];

export function matchesPattern(name: string, pattern: string): boolean {
  const pieces = pattern.split('*').map((piece) => piece.replaceAll(/[\\^$.+?()[\]{}|]/gu, String.raw`\$&`));
  return new RegExp(`^${pieces.join('[^/]*')}$`, 'u').test(name);
}
