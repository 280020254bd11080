// A real Prometheus and a real Alertmanager that are killed and started again on the same ports and data, with times of seconds.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ALERTMANAGER } from '../../fakes/alertmanager.ts';
import { waitFor } from '../../fakes/wait-for.ts';

export const TOKEN = 'a-token-of-the-test';

/** Each stopped server is an alert; `keep_firing_for` bridges the time without a daemon, as in the shipped rules. */
export const RULES = `
groups:
  - name: test
    rules:
      - alert: Stopped
        expr: mcp_watchdog_server_desired_running == 0
        keep_firing_for: 2m
        labels: { severity: critical }
        annotations: { summary: "{{ $labels.server }} was stopped." }
      - alert: Watchdog
        expr: vector(1)
        labels: { severity: none }
`;

export interface Ports {
  readonly watchdog: number;
  readonly prometheus: number;
  readonly alertmanager: number;
}

/** A program that is killed with SIGKILL and started again. */
export class Engine {
  readonly #program: string;
  readonly #args: readonly string[];
  readonly #url: string;
  #child: ChildProcess | null = null;

  constructor(program: string, args: readonly string[], url: string) {
    this.#program = program;
    this.#args = args;
    this.#url = url;
    onTestFinished(() => this.kill());
  }

  async start(): Promise<void> {
    const child = spawn(this.#program, [...this.#args], { stdio: 'ignore' });
    this.#child = child;
    const isReady = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(`${this.#program} ended with ${child.exitCode}`);
      return fetch(`${this.#url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    };
    await waitFor(isReady, { timeout: 120_000, what: this.#program });
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill('SIGKILL');
    await ended;
  }
}

export function createPrometheus(home: string, ports: Ports): Engine {
  const folder = join(home, 'prometheus');
  mkdirSync(folder);
  const rules = join(folder, 'rules.yml');
  writeFileSync(rules, RULES);
  const file = join(folder, 'prometheus.yml');
  writeFileSync(
    file,
    `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ["${rules}"]
alerting: { alertmanagers: [{ static_configs: [{ targets: ["127.0.0.1:${ports.alertmanager}"] }] }] }
scrape_configs: [{ job_name: mcp-watchdog, static_configs: [{ targets: ["127.0.0.1:${ports.watchdog}"] }] }]
`,
  );
  const args = [
    `--config.file=${file}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${ports.prometheus}`,
    '--rules.alert.resend-delay=1s',
  ];
  return new Engine('prometheus', args, `http://127.0.0.1:${ports.prometheus}`);
}

/** As shipped, with its times cut to a second: it tells through the channels of the watchdog. */
export function createAlertmanager(home: string, ports: Ports): Engine {
  const folder = join(home, 'alertmanager');
  mkdirSync(folder);
  const file = join(folder, 'alertmanager.yml');
  const own = `http://127.0.0.1:${ports.watchdog}/api/v1/alertmanager`;
  const authorized = `http_config: { authorization: { credentials: "${TOKEN}" } }`;
  writeFileSync(
    file,
    `
route:
  receiver: you
  group_by: [alertname, server]
  group_wait: 1s
  group_interval: 2s
  repeat_interval: 4h
  routes:
    - matchers: [alertname = Watchdog]
      receiver: heartbeat
      group_by: [alertname]
      group_wait: 0s
      group_interval: 1s
      repeat_interval: 900ms
receivers:
  - name: heartbeat
    webhook_configs: [{ url: "${own}", send_resolved: false, ${authorized} }]
  - name: you
    webhook_configs: [{ url: "${own}?tell=yes", ${authorized} }]
`,
  );
  const args = [
    `--config.file=${file}`,
    `--storage.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${ports.alertmanager}`,
    '--cluster.listen-address=',
  ];
  return new Engine(ALERTMANAGER, args, `http://127.0.0.1:${ports.alertmanager}`);
}
