// Watch on the reader of a pipe, with pipes of a real shell: Node's own pipes to children are sockets.
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { join } from 'node:path';
import { isLinux } from '../../src/system/platform.ts';

const DIST = join(import.meta.dirname, '../../dist/system');
const PROGRAM = `
  import { watchPipeReader } from '${DIST}/pipe-reader.js';
  import { systemClock } from '${DIST}/time/clock.js';
  const stop = watchPipeReader(1, systemClock, () => { console.error('gone'); clearTimeout(end); });
  const end = setTimeout(() => { stop(); console.error('still read'); }, Number(process.argv[1]));
  console.log('line');
`;

/** Runs the program with a reader behind it; returns what it says on stderr. */
async function told(reader: string, wait: number): Promise<string> {
  const script = `"$0" --input-type=module -e "$1" ${wait} | ${reader}`;
  const { stderr } = await execa('/bin/sh', ['-c', script, process.execPath, PROGRAM]);
  return stderr;
}

it.skipIf(!isLinux)('tells that the reader has closed it, without another line', async () => {
  expect(await told('head -1', 60_000)).toBe('gone');
});

it.skipIf(!isLinux)('tells that only when the last of several has', async () => {
  expect(await told('(head -1; exec cat)', 1_500)).toBe('still read');
  expect(await told('(head -1; sleep 1)', 60_000)).toBe('gone');
});

it('says nothing of a file', async () => {
  expect(await told('cat', 1_000)).toBe('still read');
  const script = `"$0" --input-type=module -e "$1" 1000 > /dev/null`;
  const { stderr } = await execa('/bin/sh', ['-c', script, process.execPath, PROGRAM]);
  expect(stderr).toBe('still read');
});
