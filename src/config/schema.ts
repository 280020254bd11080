// Every key of the config file: its form, its default and what it means.
import { z } from 'zod';
import { SERVER_NAME } from '../core/server.ts';
import { cron, duration, endpoint, filledText, listen } from './fields.ts';
import { serverSchema } from './server-schema.ts';

const metrics = z
  .strictObject({
    listen: listen()
      .prefault('127.0.0.1:9638')
      .describe('Where /metrics and the status page are served; port 0 lets the system choose.'),
    allowedHosts: z
      .array(
        z
          .string()
          .regex(/^[\w.-]+(:\d+)?$|^\[[\da-f:.]+\](:\d+)?$/i, 'must be a host name, with or without a port'),
      )
      .default([])
      .describe('Host names accepted beside the loopback ones; every other Host gets 403.'),
    webConfigFile: filledText()
      .nullable()
      .default(null)
      .describe('exporter-toolkit web config: TLS and basic auth. Not active yet.'),
  })
  .prefault({})
  .describe('The HTTP server of the watchdog.');

const channel = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('desktop') }),
  z.strictObject({
    kind: z.literal('webhook'),
    url: endpoint().describe('Where the notification is posted.'),
  }),
  z.strictObject({
    kind: z.literal('command'),
    command: z.array(filledText()).min(1, 'must not be empty').describe('Program and arguments.'),
  }),
]);

const schedule = z
  .strictObject({
    update: cron().nullable().default('0 2 * * 0').describe('When updates are looked for.'),
    cleanup: cron()
      .nullable()
      .default('0 1 * * *')
      .describe('When logs, journal and old versions are pruned.'),
    backup: cron().nullable().default('30 1 * * *').describe('When config and state are copied.'),
  })
  .prefault({})
  .describe('Cron times of the regular jobs; null is never. Not active yet.');

const alerts = z
  .strictObject({
    rules: z.array(filledText()).default([]).describe('More rule files in the format of Prometheus.'),
    evaluateEvery: duration({ min: 1000 }).prefault('15s').describe('Time between two evaluations.'),
    repeatEvery: duration({ min: 60_000 })
      .prefault('4h')
      .describe('Time after which a firing alert is told again.'),
    notify: z
      .array(channel)
      .default([{ kind: 'desktop' }])
      .describe('Who is told.'),
    alertmanager: z
      .strictObject({
        url: endpoint()
          .nullable()
          .default(null)
          .describe('When set, it owns delivery while it is reachable.'),
      })
      .prefault({})
      .describe('An Alertmanager to hand alerts to.'),
  })
  .prefault({})
  .describe('Alert rules and notifications. Not active yet.');

const servers = z.record(
  z
    .string()
    .regex(
      SERVER_NAME,
      'must be a name of a-z, 0-9, dot, dash and underscore, at most 64 long, starting with a letter or digit',
    ),
  serverSchema,
);

export const configSchema = z.strictObject({
  $schema: z.string().optional().describe('Path of config.schema.json, for the completion of editors.'),
  metrics,
  gateway: z
    .strictObject({ listen: listen().prefault('127.0.0.1:9639').describe('Where the gateway is served.') })
    .prefault({})
    .describe('One endpoint in front of all servers. Not active yet.'),
  defaults: serverSchema
    .prefault({})
    .describe('Any key of a server, applied to all; what a server says itself wins.'),
  servers: servers.optional().describe('What to keep alive, by name.'),
  mcpServers: servers.optional().describe('Another name of `servers`, as in the files of MCP clients.'),
  sampling: z
    .strictObject({ interval: duration({ min: 100 }).prefault('15s').describe('Time between two samples.') })
    .prefault({})
    .describe('How often memory and CPU are measured.'),
  schedule,
  alerts,
});

export type Settings = z.output<typeof configSchema>;
export type NotifyChannel = z.output<typeof channel>;
