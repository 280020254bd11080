// Routes of the page: its document at `/`, its files at `/assets/`, and the same as text at `/status.txt`.
import type { Express, Request, Response } from 'express';
import type { Status } from '../../core/model/status.ts';
import { MAIN, pageAssets, plain, type Asset } from './assets.ts';
import { PAGE_POLICY, renderShell } from './shell.ts';
import { statusText } from './status-text.ts';

export interface PageOptions {
  /** As everybody may read it. */
  readonly status: () => Status;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export function addPage(app: Pick<Express, 'get'>, { status, now }: PageOptions): void {
  app.get('/', (_request, response) => {
    const assets = pageAssets();
    response.set('Content-Security-Policy', PAGE_POLICY).type('html');
    if (assets.find(MAIN) === undefined) response.status(503).type('text').send(NOT_BUILT);
    else response.send(renderShell(assets));
  });
  app.get(
    '/status.txt',
    (_request, response) => void response.type('text').send(statusText(status(), now())),
  );
  app.get('/assets/:hash/*path', (request, response, next) => {
    const { hash, path } = request.params;
    const asset = hash === pageAssets().hash ? pageAssets().find([path].flat().join('/')) : undefined;
    if (asset === undefined) return next();
    sendAsset(request, response, asset);
  });
}

const NOT_BUILT =
  'The page was not built: run `npm run build`. Until then /status.txt and /metrics are here.\n';

/** The name holds a hash of the content, so a copy is good for ever. */
function sendAsset(request: Request, response: Response, asset: Asset): void {
  const takesGzip = request.acceptsEncodings('gzip') === 'gzip';
  const body = takesGzip ? asset.compressed : plain(asset);
  if (takesGzip) response.set('Content-Encoding', 'gzip');
  response.set({
    'Cache-Control': 'public, max-age=31536000, immutable',
    'Content-Length': String(body.length),
    'Content-Type': asset.type,
    Vary: 'Accept-Encoding',
  });
  response.end(body);
}
