// Many exporters in one process, a path each: `watchdog FOLDER` shows what a watchdog over five servers shows, `bare` the default
// metrics of the client library. Says its url.
import { createServer } from 'node:http';
import { collectDefaultMetrics, register } from 'prom-client';
import { systemClock } from '../../dist/system/time/clock.js';
import { createFleet } from './fleet.mjs';

const SERVERS = 5;
const NEWS_EVERY = 5000;

const [kind, folder] = process.argv.slice(2);
const read = kind === 'watchdog' ? await openWatchdog() : openBare();
const server = createServer((_request, response) => {
  void read().then((text) =>
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text),
  );
});
await new Promise((resolve) => void server.listen(0, '127.0.0.1', resolve));
console.log(`http://127.0.0.1:${server.address().port}`);

/** All values change every few seconds, as they do in a daemon. */
async function openWatchdog() {
  const fleet = await createFleet({ count: SERVERS, folder, clock: systemClock });
  const news = async () => {
    fleet.measureAll();
    return (await fleet.recorder.render()).text;
  };
  let text = await news();
  setInterval(() => void news().then((next) => (text = next)), NEWS_EVERY);
  return () => Promise.resolve(text);
}

function openBare() {
  collectDefaultMetrics();
  return () => register.metrics();
}
