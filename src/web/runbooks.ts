// Runbooks at `/runbooks/`: an index and one page for each alert, from the files that come with the watchdog.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Express, Response } from 'express';
import { renderRunbookIndex, renderRunbookPage } from './pages/runbook-page.ts';

const FOLDER = fileURLToPath(new URL('../../alerting/runbooks', import.meta.url));

export function addRunbooks(app: Pick<Express, 'get'>): void {
  app.get('/runbooks/', async (_request, response) =>
    sendPage(response, renderRunbookIndex(await listRunbooks())),
  );
  app.get('/runbooks/:name', async (request, response, next) => {
    const names = await listRunbooks();
    const name = names.find((known) => known === request.params.name);
    if (name === undefined) return next();
    sendPage(response, await renderRunbookPage(await readFile(join(FOLDER, `${name}.md`), 'utf8'), names));
  });
}

/** Lists the names of the files, which are those of the alerts. Nothing else is ever opened, whatever a request names. */
async function listRunbooks(): Promise<string[]> {
  const files = await readdir(FOLDER);
  return files
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.slice(0, -'.md'.length))
    .sort();
}

function sendPage(response: Response, page: string): void {
  response.type('html').send(page);
}
