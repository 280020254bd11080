// Property lists: rendered and parsed back, and refused when malformed.
import { spawnSync } from 'node:child_process';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defineLaunchdJob } from '../../../src/service/launchd/job-definition.ts';
import { parsePlist, type PlistDictionary, renderPlist } from '../../../src/service/launchd/plist.ts';
import { requireProgram } from '../../fakes/require-program.ts';

const PLAN = {
  node: '/opt/homebrew/opt/node@24/bin/node',
  program: '/Users/me & you/lib/<cli>.js',
  home: `/Users/me/"it's" ünï]]>cödé`,
  path: ['/usr/bin', '/bin'],
  userHome: '/Users/me & you',
};

/** What macOS's own reader of property lists would see, as far as Python agrees with it. */
function readByPython(text: string): unknown {
  const script = 'import json,plistlib,sys; json.dump(plistlib.loads(sys.stdin.buffer.read()), sys.stdout)';
  const { status, stdout } = spawnSync('python3', ['-c', script], { input: text, encoding: 'utf8' });
  return status === 0 ? JSON.parse(stdout) : null;
}

describe.skipIf(!requireProgram('python3'))('a rendered property list, read by python3', () => {
  test('says what was meant, whatever is in the paths', () => {
    const job = defineLaunchdJob(PLAN, 'com.mcp.daemon');
    expect(readByPython(renderPlist(job))).toEqual(job);
  });

  test('has numbers that are numbers and truths that are truths', () => {
    const read = readByPython(renderPlist(defineLaunchdJob(PLAN, 'x')));
    expect(read).toMatchObject({ Umask: 0o077, RunAtLoad: true, KeepAlive: { SuccessfulExit: false } });
  });
});

const text = fc.string({ unit: 'grapheme' }).filter((one) => !/\p{Cc}|\uFFFE|\uFFFF/u.test(one));
const value: fc.Arbitrary<PlistDictionary> = fc.letrec<{
  value: PlistDictionary[string];
  map: PlistDictionary;
}>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.integer(),
    fc.boolean(),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('map'),
  ),
  map: fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
})).map;

describe('parsePlist()', () => {
  test('reads back everything that is rendered', () => {
    fc.assert(
      fc.property(value, (map) => {
        expect(parsePlist(renderPlist(map))).toEqual(map);
      }),
    );
  });

  test('reads what others write: comments, attributes, self-closing elements, entities', () => {
    const others = `<?xml version="1.0"?><!DOCTYPE plist><plist version='1.0'><!-- <key>no</key> --><dict>
      <key>a &amp; b</key> <array/> <key>c</key><string/><key>d</key><dict/><key>e</key><string>&lt;&quot;&apos;</string>
    </dict></plist>`;
    expect(parsePlist(others)).toEqual({ 'a & b': [], c: '', d: {}, e: `<"'` });
  });

  test.each([
    ['nothing', ''],
    ['a key without a value', '<plist><dict><key>A</key></dict></plist>'],
    ['an element that is not closed', '<plist><dict><key>A</key><string>x</dict></plist>'],
    ['a list at the top', '<plist><array/></plist>'],
    ['something behind the end', '<plist><dict/></plist>x'],
    ['a number that is none', '<plist><dict><key>A</key><integer>0x1F</integer></dict></plist>'],
    ['a value without a key', '<plist><dict><true/></dict></plist>'],
    ['an end that never comes', '<plist><dict><key>A</key><array><true/>'],
    ['the binary form', 'bplist00\u0000\u0001'],
  ])('refuses %s', (_, damaged) => {
    expect(parsePlist(damaged)).toBeNull();
  });
});

test('renderPlist() refuses a control character, which XML cannot hold', () => {
  expect(() => renderPlist({ a: 'x\u0001' })).toThrow('holds a control character');
  expect(() => renderPlist({ a: 'two\nlines' })).toThrow('holds a control character');
});
