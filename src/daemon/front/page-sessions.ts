// Sign-in to the page: the one-time code, and the private file that leads a browser to it without showing it to anybody.
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WatchdogError } from '../../core/base/errors.ts';
import { messageOf } from '../../core/base/guards.ts';
import { isLoopbackHost } from '../../core/model/web-config.ts';
import { pageUrl } from '../../core/status/page-url.ts';
import type { PageLink } from '../../control/protocol.ts';
import type { Clock } from '../../system/time/clock.ts';
import { CODE_AGE, createSessions, type Sessions } from '../../web/session/sessions.ts';

export interface PageSessions {
  readonly sessions: Sessions;
  /** False for a listener that the network reaches without TLS. */
  isAllowed(): boolean;
  /** Makes a link with a code. @throws WatchdogError CONTROL_FAILED */
  link(options: { readonly inFile: boolean }): PageLink;
  close(): void;
}

export interface PageSessionsOptions {
  /** `run/` of the home. */
  readonly folder: string;
  /** The time of day. */
  readonly clock: Clock;
  /** Where the page is served; null for nowhere. */
  readonly listen: () => string | null;
}

const FILE = /^open-[\da-f]{16}\.html$/u;

export function openPageSessions({ folder, clock, listen }: PageSessionsOptions): PageSessions {
  const sessions = createSessions(clock);
  let timers: (() => void)[] = [];

  function removeFiles(): void {
    for (const cancel of timers) cancel();
    timers = [];
    for (const name of filesIn(folder)) rmSync(join(folder, name), { force: true });
  }

  function isAllowed(): boolean {
    const url = listen();
    if (url === null) return false;
    const { protocol, hostname } = new URL(url);
    return protocol === 'https:' || isLoopbackHost(hostname.replaceAll(/[[\]]/gu, ''));
  }

  removeFiles();
  sessions.onUsed(removeFiles);
  return {
    sessions,
    isAllowed,
    link({ inFile }) {
      const url = listen();
      if (url === null) throw refused('the daemon does not listen', 'mcp-watchdog status says why');
      if (!isAllowed()) throw refused('the network can listen', 'Add TLS: see docs/web-config.md');
      const { code, until } = sessions.createCode();
      const link = `${pageUrl(url)}#/open=${code}`;
      if (!inFile) return { url: pageUrl(url), link, file: null, until };
      const file = join(folder, `open-${randomBytes(8).toString('hex')}.html`);
      try {
        writeFileSync(file, forwarder(link), { mode: 0o600, flag: 'wx' });
      } catch (error) {
        throw refused(
          `${file} cannot be written: ${messageOf(error)}`,
          'mcp-watchdog open --print prints a link',
        );
      }
      timers.push(clock.after(CODE_AGE, () => rmSync(file, { force: true })));
      return { url: pageUrl(url), link: null, file, until };
    },
    close() {
      removeFiles();
      sessions.endAll();
    },
  };
}

function refused(why: string, hint: string): WatchdogError {
  return new WatchdogError('CONTROL_FAILED', `Cannot sign in to the page: ${why}`, { hint });
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => FILE.test(name));
  } catch {
    return [];
  }
}

/** The link holds nothing that HTML would read otherwise: base64url, and an address of ours. */
function forwarder(link: string): string {
  return [
    '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">',
    `<title>mcp-watchdog</title><meta http-equiv="refresh" content="0; url=${link}">`,
    '<p>The page of mcp-watchdog opens. This file works once, for a minute.</p>\n',
  ].join('\n');
}
