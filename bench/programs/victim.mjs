// A fixture server that goes wrong when it is told to: USR1 takes MEBIBYTES of memory, USR2 prints 20 MB at once.
const MEBIBYTES = 400;
const LINE = `${'x'.repeat(199)}\n`;
const kept = [];

process.on('SIGUSR1', () => kept.push(Buffer.alloc(MEBIBYTES * 1024 ** 2, 1)));
process.on('SIGUSR2', () => {
  for (let written = 0; written < 20e6; written += 1e6) process.stderr.write(LINE.repeat(5000));
});
await import('../../test/fixtures/servers/mcp.mjs');
