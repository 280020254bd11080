// Schema of the config file: form, default and meaning of every key.
import { z } from 'zod';
import { SERVER_NAME } from '../../core/model/server-spec.ts';
import {
  allowedHosts,
  cron,
  duration,
  endpoint,
  filledText,
  headers,
  linkBase,
  listen,
  size,
} from './fields.ts';
import { channelSchema } from './notify-schema.ts';
import { gatewaySchema } from './gateway-schema.ts';
import { serverSchema } from './server-schema.ts';

const metrics = z
  .strictObject({
    listen: listen()
      .prefault('127.0.0.1:9638')
      .describe('Where /metrics and the page are served; port 0 lets the system choose.'),
    allowedHosts: allowedHosts(),
    webConfigFile: filledText()
      .nullable()
      .default(null)
      .describe(
        'Web config in the format of the exporter-toolkit of Prometheus: TLS, passwords; see docs/web-config.md.',
      ),
    otlp: z
      .strictObject({
        url: endpoint().describe('Where to push to, in full: http://127.0.0.1:4318/v1/metrics.'),
        interval: duration({ min: 1000 }).prefault('60s').describe('Time between two pushes.'),
        headers: headers().default({}).describe('Headers of each push, such as a token.'),
      })
      .nullable()
      .default(null)
      .describe(
        'Push of all metrics over OTLP (HTTP, JSON); needs a package of OpenTelemetry, see docs/metrics-push.md.',
      ),
  })
  .prefault({})
  .describe('The HTTP server of the watchdog.');

const page = z
  .strictObject({
    actors: z
      .array(filledText())
      .default([])
      .describe(
        'Users of the webConfigFile who may read logs and act on the page; without passwords everybody who signed in may.',
      ),
  })
  .prefault({})
  .describe('The page of the watchdog; see docs/page.md.');

const orphans = z
  .strictObject({
    reap: z
      .boolean()
      .default(false)
      .describe(
        'Whether orphans are ended when it is certain that nobody uses them; else they are only counted.',
      ),
    interval: duration({ min: 1000 }).prefault('5m').describe('Time between two searches.'),
    patterns: z
      .array(filledText())
      .default([])
      .describe('Names of more packages and programs that are MCP servers; * matches the rest of a name.'),
    minimumAge: duration().prefault('60s').describe('Younger processes are left alone.'),
  })
  .prefault({})
  .describe('Orphans: MCP server processes of this user that no longer belong to anybody.');

const schedule = z
  .strictObject({
    update: cron().nullable().default('0 2 * * 0').describe('When updates are checked.'),
    cleanup: cron()
      .nullable()
      .default('0 1 * * *')
      .describe('When logs, journal and old versions are pruned.'),
    backup: cron().nullable().default('30 1 * * *').describe('When config and state are backed up.'),
  })
  .prefault({})
  .describe('Cron times of the regular jobs, in local time; null is never.');

const history = z
  .union([
    z.literal(false),
    z.strictObject({
      retention: duration({ min: 60_000, max: 7 * 86_400_000 })
        .prefault('6h')
        .describe('Time that the history reaches back.'),
      maxBytes: size({ min: 1024 ** 2, max: 1024 ** 3 })
        .prefault('16MiB')
        .describe('Memory that the history may take; when it is full, the oldest goes.'),
      resolution: duration({ min: 1000, max: 3_600_000 })
        .prefault('15s')
        .describe('Time between two readings of all metrics.'),
    }),
  ])
  .prefault({})
  .describe('History of all metrics, for /api/v1/query and charts; false keeps none. See docs/history.md.');

const backups = z
  .strictObject({
    keep: z.int().min(1).max(1000).default(14).describe('Backups that are kept; older ones are removed.'),
  })
  .prefault({})
  .describe('Backups of config and state, see `schedule.backup`.');

const alerts = z
  .strictObject({
    rules: z
      .array(filledText())
      .default([])
      .describe('More rule files in the format of Prometheus; see docs/alerts.md.'),
    builtIn: z.boolean().default(true).describe('Whether the shipped rules are evaluated too.'),
    evaluateEvery: duration({ min: 1000 })
      .prefault('15s')
      .describe('Evaluation interval of groups that set none.'),
    prometheusVersion: z
      .union([z.literal(2), z.literal(3)])
      .default(3)
      .describe(
        'Major version of Prometheus whose results are reproduced: 2 counts a sample at the very beginning of a window, 3 does not; sums are rounded as there.',
      ),
    repeatEvery: duration({ min: 60_000 })
      .prefault('4h')
      .describe(
        'Time after which the notification of a firing alert is repeated; with alerts.alertmanager.configFile what that file says, unless it is set.',
      ),
    notify: z
      .array(channelSchema)
      .prefault([{ kind: 'desktop' }])
      .describe('Channels of notifications; see docs/notifications.md.'),
    runbookBase: linkBase()
      .nullable()
      .default(null)
      .describe(
        'Address that runbook links begin with, followed by the name of the alert; null is /runbooks/ of the watchdog itself.',
      ),
    alertmanager: z
      .strictObject({
        url: endpoint()
          .nullable()
          .default(null)
          .describe('When set, Alertmanager sends the notifications while it is reachable.'),
        configFile: filledText()
          .nullable()
          .default(null)
          .describe(
            'Config file of that Alertmanager, whose inhibition rules, waits and repeats the watchdog then follows too; null is the shipped one.',
          ),
      })
      .prefault({})
      .describe('Alertmanager that alerts are posted to; see docs/delivery.md.'),
    prometheus: z
      .strictObject({
        url: endpoint()
          .nullable()
          .default(null)
          .describe('Prometheus that is asked whether it reads the metrics and evaluates the rules.'),
      })
      .prefault({})
      .describe('Prometheus that may deliver alerts; see docs/delivery.md.'),
    webhookToken: z
      .string()
      .regex(/^[\w.~+/=-]{16,256}$/, 'must be 16 to 256 characters of A-Z, a-z, 0-9 and . _ ~ + / = -')
      .nullable()
      .default(null)
      .describe(
        'Secret that messages to /api/v1/alertmanager must carry as a Bearer token; without it they are refused.',
      ),
  })
  .prefault({})
  .describe('Alerts and notifications.');

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
  page,
  gateway: gatewaySchema,
  defaults: serverSchema
    .prefault({})
    .describe('Any key of a server, applied to all; the own keys of a server win.'),
  servers: servers.optional().describe('MCP servers to keep alive, by name.'),
  mcpServers: servers.optional().describe('Another name of `servers`, as in the files of MCP clients.'),
  sampling: z
    .strictObject({ interval: duration({ min: 100 }).prefault('15s').describe('Time between two samples.') })
    .prefault({})
    .describe('Measurement of memory and CPU.'),
  orphans,
  schedule,
  backups,
  history,
  alerts,
});

export type Settings = z.output<typeof configSchema>;
