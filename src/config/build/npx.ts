// Which package a command of npx would start, so that the file can name the package instead.
import { basename } from 'node:path';

/** Flags of npx that change nothing about which package it is. */
const IDLE = new Set(['-y', '--yes', '-q', '--quiet', '--prefer-offline', '--prefer-online', '--']);

/** A name as the registry knows it, then perhaps a version, range or tag. */
const PACKAGE = /^((?:@[\w~][\w.~-]*\/)?[\w~][\w.~-]*)(?:@([^@\s/:]+))?$/;

/**
 * @param argv program and arguments
 * @returns a sentence for a warning, `…; cure` at its end; null when npx is not run, or what it starts is not in the registry
 */
export function npxAdvice(argv: readonly string[]): string | null {
  const [program = '', ...rest] = argv;
  if (basename(program) !== 'npx') return null;
  const [wanted = ''] = rest.slice(rest.findIndex((word) => !IDLE.has(word)));
  const [, name, version] = PACKAGE.exec(wanted) ?? [];
  if (name === undefined) return null;
  const pinned =
    version === undefined || version === 'latest' ? '' : ` and version: ${JSON.stringify(version)}`;
  return `runs npx, which takes twice the memory and start time; write package: ${JSON.stringify(name)}${pinned} in place of ${words(rest, wanted)}`;
}

/** What gives way in the file; arguments after the package stay, and are not shown: they may be secret. */
function words(rest: readonly string[], wanted: string): string {
  const shown = ['npx', ...rest.slice(0, rest.indexOf(wanted) + 1)].join(' ');
  return rest.at(-1) === wanted ? shown : `${shown}, and keep the args after it`;
}
