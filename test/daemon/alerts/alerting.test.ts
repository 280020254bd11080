// Wiring of rule evaluation in the daemon.
import { expect, test } from 'vitest';
import { instanceOf } from '../../../src/daemon/alerts/alerting.ts';

test.each([
  ['http://127.0.0.1:9638/', '127.0.0.1:9638'],
  ['https://127.0.0.1:9638/', '127.0.0.1:9638'],
  ['http://0.0.0.0:9638/', '127.0.0.1:9638'],
  ['http://[::]:9638/', '[::1]:9638'],
  ['http://[::1]:9638/', '[::1]:9638'],
  ['https://ada.example:443/', 'ada.example:443'],
  ['http://Localhost:80/', 'localhost:80'],
])('instanceOf(%j) is what a Prometheus on this machine would call it: %s', (url, instance) => {
  expect(instanceOf(url)).toBe(instance);
});
