// A status to show, with one healthy server or whatever a test says instead.
import {
  type DaemonStatus,
  noEngines,
  NO_HISTORY,
  type ServerStatus,
  type Status,
} from '../../src/core/model/status.ts';

export const NOW = Date.UTC(2026, 0, 1, 12);
export const MINUTE = 60_000;

/** The health of a server that has missed too often. */
export const DOWN = {
  up: false,
  suspect: false,
  unauthorized: false,
  consecutiveFailures: 3,
  detail: 'no answer within 5 s',
} as const;

export function serverStatus(change: Partial<ServerStatus> = {}): ServerStatus {
  return {
    name: 'context7',
    source: 'package',
    package: '@upstash/context7-mcp',
    transport: 'http',
    url: 'http://127.0.0.1:9640/mcp',
    enabled: true,
    desired: 'up',
    state: 'running',
    stoppedBecause: null,
    since: NOW - 90 * MINUTE,
    run: 1,
    pid: 4242,
    startedAt: NOW - 90 * MINUTE,
    version: '4.1.1',
    handshake: {
      era: 'legacy',
      protocolVersion: '2025-11-25',
      serverName: 'Context7',
      serverVersion: '4.1.1',
    },
    health: { up: true, suspect: false, unauthorized: false, consecutiveFailures: 0, detail: null },
    usage: {
      cpuSeconds: 12,
      cpuCores: 0.034,
      residentBytes: 123_000_000,
      footprintBytes: null,
      proportionalBytes: null,
      processes: 2,
      threads: 11,
      openFds: 30,
    },
    limits: {
      memory: { soft: 1024 ** 3, hard: 2 * 1024 ** 3 },
      cpu: { soft: 0.8, hard: null, for: 5 * MINUTE },
      nice: 0,
    },
    overLimit: [],
    tools: 2,
    probes: { ping: { at: NOW - 4000, ok: true, took: 3.4 } },
    ...NO_HISTORY,
    lastFailure: null,
    nextAttemptAt: null,
    backoff: 0,
    budgetRemaining: 5,
    isStable: true,
    killRepeats: 0,
    note: null,
    update: null,
    conditions: {},
    toolsBefore: null,
    clients: null,
    changedTools: [],
    lastLines: [],
    ...change,
  };
}

export function status(
  servers: readonly ServerStatus[] = [serverStatus()],
  daemon: Partial<DaemonStatus> = {},
): Status {
  return {
    daemon: {
      version: '0.1.0',
      pid: 4000,
      home: '/home/ada/.mcp-watchdog',
      startedAt: NOW - 120 * MINUTE,
      listen: 'http://127.0.0.1:9638',
      config: { path: '/home/ada/.mcp-watchdog/config.yaml', ok: true, error: null, loadedAt: NOW },
      lastTickAt: NOW,
      gaps: { count: 0, sleptMs: 0, lastWakeAt: null },
      braked: false,
      lastScrapeAt: NOW - 15_000,
      orphans: 0,
      alerts: [],
      delivery: noEngines(NOW - 120 * MINUTE),
      deafChannels: {},
      lastPersistFailureAt: null,
      ...daemon,
    },
    servers,
  };
}
