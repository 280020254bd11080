// Reader of the command in an installed service file.
import { parsePlist } from '../service/launchd/plist.ts';

/** Returns program and arguments; null when the file does not name them. */
export function serviceCommand(kind: 'launchd' | 'systemd', text: string): readonly string[] | null {
  return kind === 'launchd' ? fromPlist(text) : fromUnit(text);
}

function fromPlist(text: string): readonly string[] | null {
  const argv = parsePlist(text)?.['ProgramArguments'];
  if (!Array.isArray(argv)) return null;
  const words = argv.filter((word): word is string => typeof word === 'string');
  return words.length > 0 ? words : null;
}

/** Unquotes as systemd.service(5) does: quotes, doubled `%` and `$`. */
function fromUnit(text: string): readonly string[] | null {
  const line = /^ExecStart=(.*)$/mu.exec(text)?.[1] ?? '';
  const words = [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/gu)].map(([, quoted, plain = '']) =>
    (quoted?.replaceAll(/\\(.)/gu, '$1') ?? plain).replaceAll('%%', '%').replaceAll('$$', '$'),
  );
  const argv = words[0] === '/usr/bin/env' ? words.slice(1) : words;
  return argv.length > 0 ? argv : null;
}
