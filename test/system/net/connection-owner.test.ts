import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectionOwner, connectionOwners, socketName } from '../../../src/system/net/connection-owner.ts';
import { canBecomeOther } from '../../fakes/other-user.ts';

const isLinux = process.platform === 'linux';

async function accepted(host: string, dial: (port: number) => void): Promise<Socket> {
  const server = createServer();
  server.listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const coming = once(server, 'connection');
  dial(port);
  const [socket]: Socket[] = await coming;
  onTestFinished(() => {
    socket?.destroy();
    server.close();
  });
  return socket!;
}

/** A client in a process of its own, as another user; it stays until its input ends. */
function dialAs(uid: number, host: string): (port: number) => void {
  return (port) => {
    const source = `require('node:net').connect(${port}, ${JSON.stringify(host)}); process.stdin.resume().on('end', () => process.exit())`;
    const child = spawn(process.execPath, ['-e', source], {
      stdio: ['pipe', 'inherit', 'inherit'],
      uid,
      cwd: '/',
    });
    onTestFinished(() => void child.stdin?.end());
  };
}

describe.runIf(isLinux)('connectionOwner()', () => {
  test.each(['127.0.0.1', '::1'])('is our own uid for a client of ours on %s', async (host) => {
    const socket = await accepted(host, (port) => {
      const client = connect(port, host);
      onTestFinished(() => void client.destroy());
    });
    expect(connectionOwner(socket)).toBe(process.getuid?.());
  });

  test('finds an IPv4 client of a listener for both, and an IPv6 socket that dials IPv4', async () => {
    const both = await accepted('::', (port) => {
      const client = connect(port, '127.0.0.1');
      onTestFinished(() => void client.destroy());
    });
    expect(both.remoteAddress).toContain('127.0.0.1');
    expect(connectionOwner(both)).toBe(process.getuid?.());
    const mapped = await accepted('127.0.0.1', (port) => {
      const client = connect(port, '::ffff:127.0.0.1');
      onTestFinished(() => void client.destroy());
    });
    expect(connectionOwner(mapped)).toBe(process.getuid?.());
  });

  test('finds several in one reading, in their order', async () => {
    const dial = (port: number, host: string): void => {
      const client = connect(port, host);
      onTestFinished(() => void client.destroy());
    };
    const four = await accepted('127.0.0.1', (port) => dial(port, '127.0.0.1'));
    const six = await accepted('::1', (port) => dial(port, '::1'));
    const both = await accepted('::', (port) => dial(port, '127.0.0.1'));
    const own = process.getuid?.();
    expect(connectionOwners([six, {}, four, both, four])).toEqual([own, null, own, own, own]);
    expect(connectionOwners([])).toEqual([]);
  });

  test.runIf(canBecomeOther())('is the uid of another user', async () => {
    const socket = await accepted('127.0.0.1', dialAs(65_534, '127.0.0.1'));
    expect(connectionOwner(socket)).toBe(65_534);
  });

  test('is null once the client has closed its socket, although its row says user 0', async () => {
    let client: Socket | null = null;
    const socket = await accepted('127.0.0.1', (port) => {
      client = connect(port, '127.0.0.1');
    });
    const closed = once(client!, 'close');
    // Not ended from our side: the client's socket waits for that in the table, without an owner.
    client!.destroy();
    await closed;
    expect(connectionOwner(socket)).toBeNull();
  });

  test('is null for a connection that is not there', () => {
    const ends = { localAddress: '127.0.0.1', localPort: 1, remoteAddress: '127.0.0.1', remotePort: 2 };
    expect(connectionOwner(ends)).toBeNull();
    expect(connectionOwner({})).toBeNull();
    expect(connectionOwner({ ...ends, remoteAddress: 'fe80::1%eth0' })).toBeNull();
  });
});

describe.runIf(isLinux)('socketName()', () => {
  test.each([
    ['127.0.0.1', 9639, '0100007F:25A7'],
    ['::ffff:127.0.0.1', 80, '0100007F:0050'],
    ['::1', 9639, '00000000000000000000000001000000:25A7'],
    ['2001:db8::a:1', 1, 'B80D0120000000000000000001000A00:0001'],
  ])('writes %s and %i as %s', (address, port, written) => {
    expect(socketName(address, port)).toBe(written);
  });

  test('is null for what is no address', () => {
    expect(socketName('localhost', 1)).toBeNull();
    expect(socketName('', 1)).toBeNull();
  });
});
