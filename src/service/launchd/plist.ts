// How values become an XML property list, as launchd reads it.
import { WatchdogError } from '../../core/base/errors.ts';

/** What a property list of ours can hold; numbers are integers. */
export type PlistValue = string | number | boolean | readonly PlistValue[] | PlistDictionary;
export interface PlistDictionary {
  readonly [key: string]: PlistValue;
}

/** @throws WatchdogError SERVICE_FAILED when a text holds a control character, which XML has no form for */
export function renderPlist(value: PlistDictionary): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    ...linesOf(value),
    '</plist>',
    '',
  ].join('\n');
}

function linesOf(value: PlistValue): string[] {
  if (typeof value === 'string') return [`<string>${escapeXml(value)}</string>`];
  if (typeof value === 'boolean') return [value ? '<true/>' : '<false/>'];
  if (typeof value === 'number') return [`<integer>${Math.trunc(value)}</integer>`];
  if (isList(value)) return ['<array>', ...value.flatMap(linesOf).map(indented), '</array>'];
  const entries = Object.entries(value).flatMap(([key, held]) => entryLines(key, held));
  return ['<dict>', ...entries.map(indented), '</dict>'];
}

function entryLines(key: string, held: PlistValue): string[] {
  return [`<key>${escapeXml(key)}</key>`, ...linesOf(held)];
}

// Array.isArray does not narrow a readonly array.
function isList(value: readonly PlistValue[] | PlistDictionary): value is readonly PlistValue[] {
  return Array.isArray(value);
}

function indented(line: string): string {
  return `  ${line}`;
}

function escapeXml(text: string): string {
  // eslint-disable-next-line no-control-regex -- exactly these are looked for
  if (/[\u0000-\u001F\u007F]/u.test(text)) {
    throw new WatchdogError(
      'SERVICE_FAILED',
      `Cannot write the service file: ${JSON.stringify(text)} holds a control character`,
      { hint: 'Move the folder of that name, or choose another home with --home DIR' },
    );
  }
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
