import { expect, test } from 'vitest';
import { doctorLines, hasNoProblem } from '../../../src/commands/diagnose/doctor-report.ts';
import type { Finding } from '../../../src/doctor/check.ts';
import { NOW } from '../../fakes/status.ts';

const options = { width: 60, colour: false, now: NOW, isPlain: false };
const examined = (...findings: Finding[]) => [
  { id: 'a', title: 'Node.js', findings: [{ status: 'ok', message: '24.1.0', cure: null } as const] },
  { id: 'b', title: 'Home', findings },
];
const closed: Finding = { status: 'problem', message: 'its mode is 777', cure: 'chmod 700 /h' };
const full: Finding = { status: 'warning', message: `\u001B[31mlogs ${'x'.repeat(80)}`, cure: null };

test('a line for each finding, its cure below, and a sum', () => {
  expect(
    doctorLines(examined(closed, full, { status: 'unknown', message: 'who knows', cure: null }), options),
  ).toEqual([
    '✔ Node.js  24.1.0',
    '✘ Home     its mode is 777',
    '           → chmod 700 /h',
    `!          logs ${'x'.repeat(43)}…`,
    '?          who knows',
    '',
    '1 problem, 1 warning, 1 not known',
  ]);
});

test('ASCII where the terminal knows nothing else', () => {
  expect(doctorLines(examined(closed), { ...options, isPlain: true }).slice(0, 3)).toEqual([
    'ok Node.js  24.1.0',
    'X  Home     its mode is 777',
    '            -> chmod 700 /h',
  ]);
});

test('only a problem makes an installation sick', () => {
  expect(hasNoProblem(examined(full))).toBe(true);
  expect(hasNoProblem(examined(closed))).toBe(false);
  expect(doctorLines(examined(), options).at(-1)).toBe('No problems found');
});
