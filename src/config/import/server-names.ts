// What a server is called here, whatever it is called elsewhere.

/** `My Files` -> `my-files`; always a valid name. */
export function serverNameFrom(written: string): string {
  const plain = written
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64)
    .replace(/[-.]+$/, '');
  return plain === '' ? 'server' : plain;
}
