// Notifications to send, hostile texts, and programs that record what they were given.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Notification, NotifiedAlert } from '../../src/core/model/notification.ts';
import type { ChannelContext } from '../../src/notify/channels/channel.ts';
import { systemClock } from '../../src/system/time/clock.ts';

export const AT = Date.UTC(2026, 0, 1, 12);

export function told(change: Partial<NotifiedAlert> = {}): NotifiedAlert {
  return {
    name: 'McpServerGaveUp',
    about: 'files',
    severity: 'critical',
    state: 'firing',
    summary: 'files failed too often',
    since: AT - 60_000,
    ...change,
  };
}

export function single(change: Partial<NotifiedAlert> = {}, swallowed = 0): Notification {
  const alert = told(change);
  const severity = alert.state === 'firing' ? alert.severity : 'info';
  return { kind: 'single', at: AT, severity, alerts: [alert], swallowed };
}

export function digest(alerts: readonly NotifiedAlert[], swallowed = 0): Notification {
  return { kind: 'digest', at: AT, severity: 'critical', alerts, swallowed };
}

/** What a hostile server might print, or be called. */
export const NASTY: readonly string[] = [
  '$(id) `id` ; rm -rf ~ & | > /tmp/x',
  '"; do shell script "touch /tmp/pwned"; "',
  'line one\nline two\r\n\tthree',
  '<b>bold</b> <a href="http://x">click</a> &amp;',
  'left \u202Egnp.exe\u202C and \u2066isolated\u2069 \u200Binvisible',
  '--help',
  '- dash first',
  '\u001B[31mred\u001B[0m \u001B]8;;http://x\u0007link\u001B]8;;\u0007 \u0007bell \u009B1m',
  String.raw`back\slash \" \n \u0041 %s %n {title} {{title}} $1 $&`,
  'lone \uD800 surrogate and NUL \0 here',
  '👩‍👩‍👧 naïve 日本語 العربية',
  'x'.repeat(5000),
];

/** A folder of its own, removed afterwards. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mcpw-notify-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes an executable Node program; `body` is its text. */
export function program(folder: string, name: string, body: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!${process.execPath}\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

export interface Recorded {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A program that writes down its arguments and environment; `after` runs then. */
export function recorder(folder: string, name: string, after = ''): () => Recorded {
  const log = join(folder, `${name}.json`);
  program(
    folder,
    name,
    `require('fs').writeFileSync(${JSON.stringify(log)}, JSON.stringify({ argv: process.argv.slice(2), env: process.env }));\n${after}`,
  );
  return () => JSON.parse(readFileSync(log, 'utf8'));
}

/** With only `folder` on the PATH. */
export function partsIn(folder: string, platform: NodeJS.Platform = 'linux'): ChannelContext {
  return { clock: systemClock, environment: { PATH: folder, HOME: folder }, platform };
}

export const OPTIONS = { signal: new AbortController().signal, mayRetry: true };
