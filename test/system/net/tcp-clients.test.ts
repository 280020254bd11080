import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { clientsOf, countClients } from '../../../src/system/net/tcp-clients.ts';
import { portOf } from '../../fixtures/start.ts';
import { waitFor } from '../../fakes/wait-for.ts';

const HEAD =
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const row = (local: string, remote: string, state: string, inode: number): string =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  1000        0 ${inode} 1 0 20 4 0 10 -1\n`;

describe('clientsOf()', () => {
  const listening = row('00000000:0BB8', '00000000:0000', '0A', 1);
  const served = row('0100007F:0BB8', '0100007F:C350', '01', 2);
  const client = row('0100007F:C350', '0100007F:0BB8', '01', 3);

  test('counts who is connected, not who listens or has gone', () => {
    const gone = row('0100007F:0BB8', '0100007F:C351', '06', 0);
    expect(clientsOf([HEAD + listening + served + client + gone], 3000, new Set())).toEqual([
      '0100007F:C350',
    ]);
  });

  test('leaves out what is our own', () => {
    expect(clientsOf([HEAD + served + client], 3000, new Set(['3']))).toEqual([]);
    expect(clientsOf([HEAD + served + client], 3000, new Set(['2']))).toEqual(['0100007F:C350']);
  });

  test('knows an IPv4 client of an IPv6 server in either table', () => {
    const mapped = '0000000000000000FFFF00000100007F';
    const six = HEAD + row(`${mapped}:0BB8`, `${mapped}:C350`, '01', 2);
    expect(clientsOf([HEAD + client, six], 3000, new Set(['3']))).toEqual([]);
    expect(clientsOf([HEAD + client, six], 3000, new Set())).toEqual(['0100007F:C350']);
  });

  test('leaves other ports alone', () => {
    expect(clientsOf([HEAD + served], 3001, new Set())).toEqual([]);
    expect(clientsOf(['', 'rubbish\nmore'], 3000, new Set())).toEqual([]);
  });
});

describe.skipIf(process.platform !== 'linux')('countClients()', () => {
  test('sees another process that is connected, and not ourselves', async () => {
    const server = createServer().listen(0, '::');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const port = portOf(server);
    const own = connect(port, '127.0.0.1');
    onTestFinished(() => void own.destroy());
    await once(own, 'connect');
    expect(countClients(port)).toBe(0);
    const script = `require('node:net').connect(${port}, '127.0.0.1')`;
    const other = spawn(process.execPath, ['-e', script], { stdio: 'ignore' });
    onTestFinished(() => void other.kill('SIGKILL'));
    await waitFor(() => countClients(port) === 1, { what: 'the other to be seen' });
    other.kill('SIGKILL');
    await waitFor(() => countClients(port) === 0, { what: 'the other to be gone' });
  });
});
