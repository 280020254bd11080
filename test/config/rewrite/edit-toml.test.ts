import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import { replaceTomlEntry, restoreTomlEntry, tomlEntryText } from '../../../src/config/rewrite/edit-toml.ts';

const AT = ['mcp_servers', 'a'];
const ENTRY = { url: 'http://127.0.0.1:9639/a/mcp' };

describe('a table in TOML', () => {
  it.each([
    ['alone', '[mcp_servers.a]\ncommand = "x"\n'],
    ['without a last newline', '[mcp_servers.a]\ncommand = "x"'],
    ['quoted', '["mcp_servers"."a"]\ncommand = "x"\n'],
    [
      'with tables below it',
      '[mcp_servers.a]\ncommand = "x"\n\n[mcp_servers.a.env]\nK = "v"\n\n# next\n[tui]\nx = 1\n',
    ],
    ['with Windows line ends', 'm = 1\r\n\r\n[mcp_servers.a]\r\ncommand = "x"\r\n\r\n[tui]\r\nx = 1\r\n'],
    ['with lists of tables beside it', '[[x]]\nk = 1\n[mcp_servers.a]\nargs = [\n"[b]",\n]\n[[x]]\nk = 2\n'],
    ['with a text of several lines', "[mcp_servers.a]\ncommand = '''\n[tui]\n'''\n[tui]\nx = 1\n"],
  ])('%s is replaced alone, and put back letter by letter', (_, text) => {
    const before = tomlEntryText(text, AT);
    const edited = replaceTomlEntry(text, AT, ENTRY);
    const { mcp_servers: now, ...others } = parse(edited);
    const { mcp_servers: was, ...same } = parse(text);
    expect(now).toEqual({ a: ENTRY });
    expect(others).toEqual(same);
    expect(was).not.toEqual(now);
    expect(restoreTomlEntry(edited, AT, before ?? '')).toBe(text);
  });

  it.each([
    ['inline', 'mcp_servers = { a = { command = "x" } }\n'],
    ['as dotted keys', '[mcp_servers]\na.command = "x"\n'],
    [
      'with the table of another in between',
      '[mcp_servers.a]\nx = 1\n[tui]\ny = 1\n[mcp_servers.a.env]\nK = "v"\n',
    ],
    ['not at all', '[mcp_servers.b]\ncommand = "x"\n'],
  ])('written %s is none that can be changed alone', (_, text) => {
    expect(tomlEntryText(text, AT)).toBeNull();
    expect(restoreTomlEntry(text, AT, '')).toBeNull();
  });
});
