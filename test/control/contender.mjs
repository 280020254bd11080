// One of many daemons that want the same home at the same moment: `contender.mjs SOCKET WHEN`.
import { startControlServer } from '../../dist/control/server.js';

const [, , socketPath, when] = process.argv;
const daemon = { version: '1', pid: process.pid, home: '', startedAt: 0 };
const handlers = { status: () => ({ daemon, servers: [] }), onChange: () => () => {} };

// All of them wait here, awake, so that they start in the same millisecond.
while (Date.now() < Number(when));
startControlServer({ socketPath, handlers }).then(
  () => process.stdout.write(`holds ${process.pid}\n`),
  (error) => process.stdout.write(`${error.code} ${error.message}\n`),
);
