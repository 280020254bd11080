// A Chromium for the tests of the page, and a tab that collects whatever a browser complains about.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { requireProgram } from '../fakes/require-program.ts';

const EXECUTABLE = '/usr/bin/chromium';

/** False where there is none: then the tests are skipped, and counted by name. */
export const hasChromium = requireProgram('chromium');

export function startChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? EXECUTABLE,
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
}

export interface Tab {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Lines of the console, errors, and what the policy refused. */
  readonly complaints: string[];
}

export interface TabOptions {
  readonly width?: number;
  readonly theme?: 'light' | 'dark';
  /** A session is known to the tab. */
  readonly isSignedIn?: boolean;
}

/** Opens a tab whose complaints are kept. What a daemon that is gone leaves in the console is none of the page's. */
export async function openTab(
  browser: Browser,
  { width = 1366, theme = 'light', isSignedIn = false }: TabOptions = {},
): Promise<Tab> {
  const context = await browser.newContext({
    viewport: { width, height: width < 500 ? 844 : 900 },
    colorScheme: theme,
    timezoneId: 'UTC',
  });
  await context.addInitScript(`
    addEventListener('securitypolicyviolation', (event) =>
      console.error('policy: ' + event.violatedDirective + ' ' + event.blockedURI));
    ${isSignedIn ? "sessionStorage.setItem('mcp-watchdog-key', 'stage-key');" : ''}
  `);
  const page = await context.newPage();
  page.setDefaultTimeout(40_000);
  const complaints: string[] = [];
  page.on('console', (line) => complaints.push(line.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { context, page, complaints };
}

/** Makes a tab what it was when it was opened, and closes those beside it; false when it is closed itself, with all of them. */
export async function clearTab({ context, page, complaints }: Tab): Promise<boolean> {
  if (page.isClosed()) {
    await context.close();
    return false;
  }
  const others = context.pages().filter((other) => other !== page);
  await Promise.all(others.map((other) => other.close()));
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.goto('about:blank');
  await page.emulateMedia({ reducedMotion: null, forcedColors: null });
  complaints.length = 0;
  return true;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Runs axe over what the tab shows; one line for each violation. */
export async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const found: { id: string; nodes: { target: string[]; html: string }[] }[] = await page.evaluate(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then(({ violations }) =>
      violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ target, html }) => ({ target, html })) })))`,
  );
  return found.map(
    ({ id, nodes }) => `${id}: ${nodes.length}, ${String(nodes[0]?.target)} ${nodes[0]?.html ?? ''}`,
  );
}

/** Pixels by which the document is wider than the window. */
export function overhang(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
}

/** Asks again until the assertion holds: a busy machine draws late. */
export function until<T>(
  read: () => T,
  options: { readonly timeout?: number; readonly interval?: number; readonly message?: string } = {},
): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 30_000, ...options });
}

/** Ms of a test that waits several times, and of the start of a browser. */
export const PATIENCE = 120_000;
