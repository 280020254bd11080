// What Python servers of the MCP SDK 1 print beside the SDK 2, as it was seen, and what is advised.
import { describe, expect, it } from 'vitest';
import type { Source } from '../../../src/core/model/server-spec.ts';
import { hintOfOlderSdk } from '../../../src/core/lifecycle/crash-hint.ts';

const GONE =
  "ModuleNotFoundError: No module named 'mcp.server.fastmcp'. This is mcp 2.x, where FastMCP was renamed to MCPServer (from mcp.server.mcpserver import MCPServer) and other APIs changed; see the migration guide at https://py.sdk.modelcontextprotocol.io/v2/migration/#fastmcp-renamed-to-mcpserver or pin 'mcp<2' to keep running v1 code.";

function fromIndex(...beside: string[]): Source {
  const python = { extras: [], interpreter: null, with: beside };
  return {
    kind: 'package',
    manager: 'pypi',
    package: 'pypi:some-mcp',
    version: 'latest',
    bin: null,
    python,
  };
}
const line = (...command: [string, ...string[]]): Source => ({ kind: 'command', command });
const PACKAGE_HINT = 'It was written for the MCP SDK 1: set `with: ["mcp<2"]` for this server.';

describe('hintOfOlderSdk()', () => {
  it.each([
    GONE,
    GONE.slice(0, 120),
    "ModuleNotFoundError: No module named 'mcp.server.fastmcp'",
    "[stderr] ImportError: cannot import name 'McpError' from 'mcp.shared.exceptions' (/h/venv/lib/python3.11/site-packages/mcp/shared/exceptions.py)",
    "ImportError: cannot import name 'FastMCP' from 'mcp' (unknown location)",
    "ImportError: cannot import name 'x' from partially initialized module 'mcp.server' (most likely due to a circular import)",
    "AttributeError: 'Server' object has no attribute 'list_tools'",
    "AttributeError: module 'mcp.types' has no attribute 'X'",
  ])('knows %s', (text) => {
    const lines = [
      'Traceback (most recent call last):',
      '  File "/x/y.py", line 3, in <module>',
      text,
      'bye',
    ];
    expect(hintOfOlderSdk(fromIndex(), lines)).toBe(PACKAGE_HINT);
  });

  it.each([
    "ModuleNotFoundError: No module named 'mcp'",
    "ModuleNotFoundError: No module named 'mcpx.server'",
    "ImportError: cannot import name 'x' from 'mcp_server_git'",
    "AttributeError: 'Server' object has no attribute 'port'",
    "KeyError: 'API_KEY'",
    '',
  ])('says nothing about %j', (text) => {
    expect(hintOfOlderSdk(fromIndex(), [text])).toBeNull();
  });

  it.each([
    [fromIndex('httpx'), PACKAGE_HINT],
    [fromIndex('mcp<2'), null],
    [fromIndex('MCP[cli] >= 1, < 2'), null],
    [fromIndex('mcp-extras'), PACKAGE_HINT],
    [line('uvx', 'some-mcp'), 'It was written for the MCP SDK 1: add --with "mcp<2" to the flags of uvx.'],
    [
      line('/usr/bin/uv', 'tool', 'run', 'some-mcp'),
      'It was written for the MCP SDK 1: add --with "mcp<2" to the flags of uv tool run.',
    ],
    [line('uvx', '--with', 'mcp<2', 'some-mcp'), null],
    [
      line('pipx', 'run', 'some-mcp'),
      'It was written for the MCP SDK 1: write it as `package: "pypi:NAME"` with `with: ["mcp<2"]`.',
    ],
    [
      line('python3', 'server.py'),
      'It was written for the MCP SDK 1: install "mcp<2" where its Python finds packages.',
    ],
    [{ kind: 'package', manager: 'npm', package: 'x', version: 'latest', bin: null } satisfies Source, null],
    [{ kind: 'url' } satisfies Source, null],
  ])('of %j is %j', (source, expected) => {
    expect(hintOfOlderSdk(source, [GONE])).toBe(expected);
  });
});
