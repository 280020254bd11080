import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { isListening, ownsPort, proveOwner, findPortOwner } from '../../../src/system/net/port-owner.ts';
import { systemClock } from '../../../src/system/time/clock.ts';
import { macosSample } from '../../fakes/macos-samples.ts';
import * as darwin from '../../../src/system/net/port-owner-darwin.ts';
import { parseSocketTable } from '../../../src/system/net/port-owner-linux.ts';
import { requireProgram } from '../../fakes/require-program.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function listen(host: string, port = 0): Promise<number> {
  const server: Server = createServer((socket) => socket.destroy()).listen({
    port,
    host,
    ipv6Only: host === '::1',
  });
  await once(server, 'listening');
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  const address = server.address();
  return typeof address === 'object' ? address!.port : Number.NaN;
}

/** A child that listens, and says where. */
async function startListener(host: string, port = 0) {
  const script = `const s = require('net').createServer().listen(${port}, '${host}', () => console.log(s.address().port))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  cleanups.push(() => {
    child.kill('SIGKILL');
    return ended;
  });
  const [line] = await once(child.stdout, 'data');
  return { pid: child.pid!, port: Number(line), child };
}

async function freePort(): Promise<number> {
  const port = await listen('127.0.0.1');
  await cleanups.pop()!();
  return port;
}

describe('findPortOwner()', () => {
  it('names the process and its command', async () => {
    const { pid, port } = await startListener('127.0.0.1');
    const owner = await findPortOwner(port, '127.0.0.1');
    expect(owner).toEqual({ pid, command: expect.stringContaining('createServer') });
  });

  it('finds nobody on a free port', async () => {
    const port = await freePort();
    expect(await findPortOwner(port)).toBeNull();
    expect(await isListening(port)).toBe(false);
  });

  it('is not misled by a connection that uses the port as a client', async () => {
    const { port } = await startListener('127.0.0.1');
    const { connect } = await import('node:net');
    const socket = connect({ port, host: '127.0.0.1' });
    // The listener may be ended first.
    socket.on('error', () => {});
    cleanups.push(() => socket.destroy());
    await once(socket, 'connect');
    expect(await findPortOwner(socket.localPort!)).toBeNull();
  });
});

describe('ownsPort()', () => {
  it('tells ours from a stranger', async () => {
    const { pid, port } = await startListener('127.0.0.1');
    expect(await ownsPort(port, [process.pid, pid], '127.0.0.1')).toBe(true);
    expect(await ownsPort(port, [process.pid], '127.0.0.1')).toBe(false);
    expect(await ownsPort(port, [], '127.0.0.1')).toBe(false);
    expect(await ownsPort(await freePort(), [pid])).toBe(false);
  });

  it('asks who would answer at that address, not who has the number elsewhere', async () => {
    const { pid, port } = await startListener('127.0.0.1');
    await listen('127.0.0.2', port);
    expect(await ownsPort(port, [pid], '127.0.0.1')).toBe(true);
    expect(await ownsPort(port, [process.pid], '127.0.0.1')).toBe(false);
    expect(await ownsPort(port, [process.pid], '127.0.0.2')).toBe(true);
    expect(await isListening(port, '127.0.0.3')).toBe(false);
    expect(await isListening(port, 'localhost')).toBe(true);
  });

  it('counts a listener at all addresses', async () => {
    const { pid, port } = await startListener('0.0.0.0');
    expect(await ownsPort(port, [pid], '127.0.0.1')).toBe(true);
    const both = await startListener('::').catch(() => null);
    if (both !== null) {
      expect(await ownsPort(both.port, [both.pid], '127.0.0.1')).toBe(true);
      expect(await ownsPort(both.port, [both.pid], '[::1]')).toBe(true);
    }
  });

  it('finds a listener through any process that inherited it', async () => {
    const script = `const s = require('net').createServer().listen(0, '127.0.0.1', () => {
      const { pid } = require('child_process').spawn('sleep', ['60'], { stdio: ['ignore', 'ignore', 'ignore', s._handle.fd] });
      console.log(s.address().port, pid);
    })`;
    const child = spawn(process.execPath, ['-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    cleanups.push(() => process.kill(-child.pid!, 'SIGKILL'));
    const [line] = await once(child.stdout, 'data');
    const [port, heir] = String(line).split(' ').map(Number);
    expect(await ownsPort(port!, [heir!])).toBe(true);
    expect((await findPortOwner(port!))?.pid).toBe(child.pid);
  });
});

describe('parseSocketTable()', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:25A8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4242 1 0000000000000000 100 0 0 10 0
   1: 0100007F:25A8 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 4243 1 0000000000000000 20 4 30 10 -1
   2: 00000000:25A9 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4244 1 0000000000000000 100 0 0 10 0`;
  const table6 = `header
   0: 00000000000000000000000001000000:25A8 00000000000000000000000000000000:0000 0A 0:0 00:0 0 1000 0 5001 1 0
   1: 00000000000000000000000000000000:25A8 00000000000000000000000000000000:0000 0A 0:0 00:0 0 1000 0 5002 1 0
   2: 0000000000000000FFFF00000100007F:25A8 00000000000000000000000000000000:0000 0A 0:0 00:0 0 1000 0 5003 1 0`;

  it('takes only what listens on the port', () => {
    expect(parseSocketTable(table, 9640)).toEqual([{ address: '127.0.0.1', inode: '4242' }]);
    expect(parseSocketTable(table, 9641)).toEqual([{ address: '0.0.0.0', inode: '4244' }]);
  });

  it('reads IPv6 addresses', () => {
    expect(parseSocketTable(table6, 9640)).toEqual([
      { address: '::1', inode: '5001' },
      { address: '::', inode: '5002' },
      { address: '::ffff:7f00:1', inode: '5003' },
    ]);
  });
});

describe("the reading of macOS' lsof", () => {
  it('understands what was recorded, and no more of it when it is changed', () => {
    const text = macosSample('lsof-listen.txt');
    const all = [
      { pid: 4711, address: '127.0.0.1' },
      { pid: 4711, address: '::1' },
      { pid: 4999, address: '*' },
      { pid: 4999, address: 'fe80:1::2' },
    ];
    expect(darwin.parseFields(text)).toEqual(all);
    expect(darwin.parseFields(text.replaceAll(/^n/gmu, 'PTCP\nTST=LISTEN\nn'))).toEqual(all);
    const [first = '', second = ''] = text.split(/^(?=p)/mu);
    expect(darwin.parseFields(second + first)).toEqual([...all.slice(2), ...all.slice(0, 2)]);
    expect(darwin.parseFields(text.replace('p4711\n', ''))).toEqual(all.slice(2));
    expect(darwin.parseFields(text.replace('p4711', 'p?'))).toEqual(all.slice(2));
    expect(darwin.parseFields(text.replaceAll(/^n.*$/gmu, 'n'))).toEqual([]);
    // Whatever is left of a text that is cut off: nothing that is not there.
    for (let end = 0; end < text.length; end += 1)
      expect(all).toEqual(expect.arrayContaining(darwin.parseFields(text.slice(0, end))));
  });

  it('understands its fields', () => {
    expect(darwin.parseFields('p431\nf12\nn127.0.0.1:9640\np77\nf3\nn*:9640\nf4\nn[::1]:9640\n')).toEqual([
      { pid: 431, address: '127.0.0.1' },
      { pid: 77, address: '*' },
      { pid: 77, address: '::1' },
    ]);
  });

  it.skipIf(!requireProgram('lsof'))('finds a real listener through a real lsof', async () => {
    const { pid, port } = await startListener('127.0.0.1');
    expect(await darwin.listListening(port)).toEqual([{ pid, address: '127.0.0.1' }]);
    expect(await darwin.listListening(port, [process.pid])).toEqual([]);
    expect(await darwin.listListening(await freePort())).toEqual([]);
  });

  it('sees from outside whether somebody takes connections', async () => {
    expect(await isListening(await listen('127.0.0.1'), '127.0.0.1')).toBe(true);
    expect(await isListening(await freePort(), '127.0.0.1')).toBe(false);
  });
});

describe('proveOwner()', () => {
  it('hands out a proof that holds as long as the socket does, and no longer', async () => {
    const { pid, port, child } = await startListener('127.0.0.1');
    const proof = await proveOwner(port, [pid], systemClock);
    if (typeof proof !== 'function') throw new Error(`No proof but ${proof}`);
    expect(proof()).toBe(true);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(proof()).toBe(false);
  });

  it('says no of a process that does not listen there', async () => {
    const { port } = await startListener('127.0.0.1');
    expect(await proveOwner(port, [process.pid], systemClock)).toBe(false);
  });
});
