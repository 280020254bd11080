// Child process of `bcrypt-compare.ts`: reads a password and a bcrypt hash, prints whether they match, and ends.
import { text } from 'node:stream/consumers';
import { compareSync } from 'bcryptjs';

const { password, hash }: { readonly password: string; readonly hash: string } = JSON.parse(
  await text(process.stdin),
);
process.stdout.write(String(compareSync(password, hash)));
