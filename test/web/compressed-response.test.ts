import { execFileSync } from 'node:child_process';
import { get } from 'node:http';
import { gunzipSync, inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { compressOnce } from '../../src/web/compressed-response.ts';
import { startWeb } from '../fakes/web.ts';

const LARGE = Buffer.from('mcp_watchdog_server_up{server="s"} 1\n'.repeat(20_000));

describe('compressOnce()', () => {
  test('gives everybody the same compressed text', async () => {
    const [first, second] = await Promise.all([compressOnce(LARGE), compressOnce(LARGE)]);
    expect(second).toBe(first);
    expect(gunzipSync(first)).toEqual(LARGE);
    expect(first.length).toBeLessThan(LARGE.length / 10);
  });

  // Around the sizes at which it is cut into parts.
  test.each([0, 1, 1024 ** 2, 2 * 1024 ** 2 - 1, 2 * 1024 ** 2, 3 * 1024 ** 2 + 7])(
    'is read by everybody as the same text of %i bytes, which is one member of gzip',
    async (length) => {
      const text = Buffer.alloc(length, 'mcp_watchdog_server_up{server="s"} 1\n');
      const packed = await compressOnce(text);
      expect(gunzipSync(packed).equals(text)).toBe(true);
      // What is read of a stream without its first ten bytes ends where checksum and length begin.
      expect(inflateRawSync(packed.subarray(10, -8)).equals(text)).toBe(true);
      expect(packed.readUInt32LE(packed.length - 4)).toBe(length);
    },
  );
});

describe('a text of many parts', { timeout: 120_000 }, () => {
  /** Families of these sizes, each with lines of its own: the text format has empty lines between them, OpenMetrics has none. */
  function exposition(sizes: readonly number[], { salt = 0, empty = '\n' } = {}): Buffer {
    const families = sizes.map((size, index) => {
      const line = `family_${index}{server="s"} ${index === salt ? salt : 0}\n`;
      return `# HELP family_${index} Of ${index}.\n# TYPE family_${index} gauge\n${line.repeat(Math.ceil(size / line.length))}${empty}`;
    });
    return Buffer.from(families.join(''));
  }

  const SIZES = [10, 100_000, 0, 3_000_000, 200, 64_000, 900_000, 1_048_576, 7, 70_000];

  test.each(['\n', ''])(
    'is read as it was, whatever has changed since the last one (between families: %j)',
    async (empty) => {
      const texts = [
        exposition(SIZES, { empty }),
        ...[1, 3, 5, 8].map((salt) => exposition(SIZES, { salt, empty })),
        exposition(SIZES.toReversed(), { empty }),
        exposition([...SIZES, 5_000_000], { empty }),
        exposition(SIZES.slice(3), { empty }),
        exposition([2_100_000], { empty }),
        exposition(SIZES, { empty }),
      ];
      for (const text of texts) {
        const packed = await compressOnce(text, 'any');
        expect(gunzipSync(packed).equals(text)).toBe(true);
        expect(inflateRawSync(packed.subarray(10, -8)).equals(text)).toBe(true);
      }
    },
  );

  test('and of two kinds in turns', async () => {
    for (const salt of [1, 3, 5]) {
      const texts = ['\n', ''].map((empty) => exposition(SIZES, { salt, empty }));
      const packed = await Promise.all(texts.map((text, index) => compressOnce(text, `kind ${index}`)));
      for (const [index, one] of packed.entries())
        expect(gunzipSync(one).equals(texts[index] ?? Buffer.alloc(0))).toBe(true);
    }
  });

  test('is read by the gzip of the system too, which tells of anything behind the end', async () => {
    const text = exposition(SIZES, { salt: 3 });
    const read = execFileSync('gzip', ['-dc'], {
      input: await compressOnce(text, 'gzip'),
      maxBuffer: 2 * text.length,
    });
    expect(read.equals(text)).toBe(true);
  });
});

test('a small text is sent plain, whatever the client takes', async () => {
  const web = await startWeb();
  try {
    const answer = await fetch(`${web.url}/metrics`, { headers: { 'accept-encoding': 'gzip' } });
    expect(answer.headers.get('content-encoding')).toBeNull();
    expect(await answer.text()).toBe('up 1\n');
  } finally {
    await web.close();
  }
});

test('/metrics of many servers is sent compressed to who takes it, and plain to who does not', async () => {
  const contentType = 'text/plain; version=0.0.4; charset=utf-8';
  const web = await startWeb({ metrics: () => Promise.resolve({ text: LARGE, contentType }) });
  try {
    const plain = await fetch(`${web.url}/metrics`, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect((await plain.text()).length).toBe(LARGE.length);
    const encoded = await new Promise<Buffer>((resolve, reject) => {
      get(`${web.url}/metrics`, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
        expect(response.headers).toMatchObject({
          'content-encoding': 'gzip',
          'content-type': contentType,
          vary: 'Accept, Accept-Encoding',
        });
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks)));
      }).on('error', reject);
    });
    expect(gunzipSync(encoded)).toEqual(LARGE);
  } finally {
    await web.close();
  }
});
