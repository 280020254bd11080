// Folders that macOS closes to background programs, and what it looks like when a server waits for one.
import { describe, expect, test } from 'vitest';
import { createProtection, withPrivacyQuestion } from '../../../src/service/launchd/protected-folders.ts';
import { specOf } from '../../fakes/spec.ts';

const LINKS: Readonly<Record<string, string | null>> = {
  '/Users/me/notes': '/Users/me/Documents/notes',
  '/Users/me/Desktop': '/Users/me/Library/Mobile Documents/com~apple~CloudDocs/Desktop',
  '/Users/me/notes/new': null,
  '/Users/me/notes/new/file': null,
  '/Volumes/Macintosh HD/Users': '/Users',
};
const VIEW = {
  userHome: '/Users/me',
  realpath: (path: string) => (path in LINKS ? (LINKS[path] ?? null) : path),
};

describe('createProtection()', () => {
  const placeOf = createProtection(VIEW);

  test.each([
    ['/Users/me/Documents', '/Users/me/Documents'],
    ['/Users/me/documents/x', '/Users/me/documents/x'],
    ['/Users/me/notes', '/Users/me/Documents/notes'],
    ['/Users/me/notes/new/file', '/Users/me/Documents/notes/new/file'],
    ['/Users/me/Desktop', '/Users/me/Library/Mobile Documents/com~apple~CloudDocs/Desktop'],
    ['/Users/me/Library/CloudStorage/Drive-me/x', '/Users/me/Library/CloudStorage/Drive-me/x'],
    ['/Volumes/USB', '/Volumes/USB'],
    ['/Volumes/Macintosh HD/Users', null],
    ['/Users/me/Documents2', null],
    ['/Users/you/Documents', null],
    ['/Users/me/code', null],
    ['/', null],
  ])('%s: %s', (path, place) => expect(placeOf(path)).toBe(place));

  test('knows a folder in either form of its name', () => {
    const home = '/Users/jos\u00E9';
    const isProtected = createProtection({ userHome: home, realpath: (path) => path });
    expect(isProtected(`${home}/Documents`.normalize('NFD'))).not.toBeNull();
  });
});

describe('withPrivacyQuestion()', () => {
  const spec = specOf({ name: 'a', args: ['--root=~/Documents'] });

  test('says of a missing answer that macOS may be asking', () => {
    expect(withPrivacyQuestion('No answer to ping within 10000 ms', spec, VIEW)).toBe(
      'No answer to ping within 10000 ms; it uses --root=~/Documents, and macOS may be waiting for somebody to allow that',
    );
  });

  test('leaves other failures and other servers alone', () => {
    const detail = 'No answer to ping within 10000 ms';
    expect(withPrivacyQuestion('connect ECONNREFUSED', spec, VIEW)).toBe('connect ECONNREFUSED');
    expect(withPrivacyQuestion(detail, specOf({ name: 'a', args: ['/Users/me/code'] }), VIEW)).toBe(detail);
  });
});
