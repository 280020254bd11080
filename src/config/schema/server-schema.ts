// Schema of one server in the config: form, default and meaning of every key.
import { z } from 'zod';
import { PROBE_KINDS } from '../../core/model/vocabulary.ts';
import { isInterpreter, isRequirement } from '../../core/python/requirement.ts';
import { serverGatewaySchema } from './gateway-schema.ts';
import { cron, duration, endpoint, filledText, headers, size, text, texts } from './fields.ts';

const exitCode = z.int().min(0).max(255);

const budget = z.strictObject({
  restarts: z.int().min(1).max(10_000).describe('Unplanned restarts that exhaust the budget.'),
  within: duration({ min: 1000 }).describe('Time window in which they are counted.'),
});

const restart = z
  .strictObject({
    policy: z
      .enum(['always', 'on-failure', 'never'])
      .default('always')
      .describe('When a server that exited is restarted.'),
    initialDelay: duration().prefault('500ms').describe('First backoff delay; it doubles with each crash.'),
    maxDelay: duration().prefault('60s').describe('Longest backoff delay.'),
    jitter: z
      .number()
      .min(0)
      .max(1)
      .default(0.2)
      .describe('Spread of each delay: 0.2 is plus or minus 20 %.'),
    stableAfter: duration()
      .prefault('60s')
      .describe('Time ready after which the backoff is reset and the next restart is immediate.'),
    budget: z
      .array(budget)
      .max(10)
      .prefault([
        { restarts: 5, within: '5m' },
        { restarts: 10, within: '1h' },
      ])
      .describe(
        'Restarts allowed; exhausting any of them makes the server crash_looping. An empty list allows any number.',
      ),
    retryAfter: duration({ min: 1000 })
      .prefault('5m')
      .describe('Time between two attempts while crash looping.'),
    successExitCodes: z
      .array(exitCode)
      .default([0])
      .describe('Exit codes that on-failure does not count as a failure.'),
    preventExitCodes: z.array(exitCode).default([]).describe('Exit codes after which the server stays down.'),
    watch: z
      .array(filledText())
      .max(50)
      .default([])
      .describe('Files and folders; the server is restarted when one of them has changed.'),
    at: cron().nullable().default(null).describe('Cron rule of planned restarts; null for none.'),
  })
  .prefault({})
  .describe('Restart policy.');

const probe = z
  .strictObject({
    kind: z.enum(PROBE_KINDS).default('mcp').describe('MCP requests, an HTTP GET, or a command.'),
    interval: duration({ min: 100 }).prefault('15s').describe('Time between two probes.'),
    timeout: duration({ min: 10 }).prefault('5s').describe('How long an answer may take.'),
    failures: z
      .int()
      .min(1)
      .max(1000)
      .default(3)
      .describe('Consecutive failures after which the server is down.'),
    successes: z
      .int()
      .min(1)
      .max(1000)
      .default(1)
      .describe('Consecutive successes after which it is up again.'),
    deepEvery: z
      .int()
      .min(1)
      .max(10_000)
      .default(4)
      .describe('Every how many probes is a full one: tools/list instead of ping.'),
    initialDelay: duration().prefault('0s').describe('Delay of the first probe after the server is ready.'),
    onFailure: z
      .enum(['restart', 'report'])
      .default('restart')
      .describe('Restart a server that is down, or only report it.'),
    url: endpoint()
      .nullable()
      .default(null)
      .describe('Kind http: what to GET; null takes the url of the server.'),
    expectStatus: z
      .array(z.int().min(100).max(599))
      .min(1)
      .default([200])
      .describe('Kind http: answers that mean alive.'),
    command: z
      .array(filledText())
      .default([])
      .describe('Kind exec: program and arguments; exit code 0 means alive.'),
  })
  .prefault({})
  .describe('Liveness probe.');

const expectation = z
  .strictObject({
    tools: z
      .union([
        z.array(filledText()).min(1, 'must not be empty'),
        z.strictObject({ min: z.int().min(1).max(10_000).describe('Least number of tools.') }),
      ])
      .nullable()
      .default(null)
      .describe('Names of tools that it must list, or `min: N` for the least number of them.'),
    call: z
      .strictObject({
        tool: filledText().describe('Name of a tool that only reads.'),
        arguments: z.record(z.string(), z.json()).default({}).describe('Arguments of the call.'),
      })
      .nullable()
      .default(null)
      .describe('Call that each full probe makes, and that must succeed.'),
  })
  .prefault({})
  .describe('What the server must offer to count as healthy, beyond an answer.');

const memory = z
  .strictObject({
    soft: size({ min: 1024 ** 2 })
      .nullable()
      .prefault('1GiB')
      .describe('Raises an alert only; null is no limit.'),
    hard: size({ min: 1024 ** 2 })
      .nullable()
      .prefault('2GiB')
      .describe('Restarts the server; null is no limit.'),
  })
  .prefault({})
  .describe('Memory of the whole process tree; a page that several processes share counts once.');

const cpu = z
  .strictObject({
    soft: z
      .number()
      .positive()
      .max(4096)
      .nullable()
      .default(0.8)
      .describe('Raises an alert only; null is no limit.'),
    hard: z
      .number()
      .positive()
      .max(4096)
      .nullable()
      .default(null)
      .describe('Restarts the server; null is no limit.'),
    for: duration({ min: 1000 }).prefault('5m').describe('Time window of the average.'),
  })
  .prefault({})
  .describe('Processor time of the whole process tree, in cores.');

const limits = z
  .strictObject({
    memory,
    cpu,
    nice: z.int().min(-20).max(19).default(0).describe('Scheduling priority: 19 is the lowest.'),
  })
  .prefault({})
  .describe('Resource limits.');

const update = z
  .strictObject({
    policy: z
      .enum(['off', 'notify', 'auto'])
      .default('notify')
      .describe('off: not looked for; notify: you are notified; auto: installed.'),
    range: filledText().default('*').describe('Versions that an update may reach.'),
    minimumAge: duration({ max: 3650 * 86_400_000 })
      .prefault('3d')
      .describe('Time since the release of a version before it is used.'),
    allowScripts: z
      .boolean()
      .default(false)
      .describe('Whether install scripts of the package and its dependencies may run.'),
    ignoreEngines: z
      .boolean()
      .default(false)
      .describe('Whether a version is installed although its `engines` ask for another Node.'),
    allowGit: z
      .boolean()
      .default(false)
      .describe('Whether dependencies may come from git, an address or a file. Their code may run at once.'),
    strictTools: z
      .boolean()
      .default(false)
      .describe(
        'Whether an update is held back for your decision when tools are removed or accept less than before.',
      ),
    probation: duration({ max: 86_400_000 })
      .prefault('10m')
      .describe('How long a new version is watched; a failure until then rolls it back.'),
  })
  .prefault({})
  .describe('How a package is installed and kept up to date.');

const logs = z
  .strictObject({
    maxSize: size({ min: 64 * 1024 })
      .prefault('10MiB')
      .describe('Size at which the log file is rotated.'),
    keep: z.int().min(0).max(1000).default(5).describe('Rotated files that are kept.'),
  })
  .prefault({})
  .describe('Log file of the output of the server.');

const packageName = z
  .string()
  .regex(
    /^(?:(?:npm:)?(?:@[\w~][\w.~-]*\/)?[\w~][\w.~-]*|pypi:[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?(?:\[\s*[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?(?:\s*,\s*[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)*\s*\])?)$/,
    {
      error: ({ input }) =>
        typeof input === 'string' && /^pypi:/iu.test(input)
          ? 'must be pypi: and a name of the Python index, like pypi:mcp-server-git or pypi:NAME[extra]; put the version into `version`. A branch or an address has no versions to go back to: keep its command, such as [uvx, --from, SOURCE, PROGRAM]'
          : 'must be the name of an npm package, or pypi: and a name of the Python index; put the version into `version`, and use `command` for anything else, such as [docker, run, --rm, -i, --init, IMAGE]',
    },
  );

const requirement = filledText().refine(isRequirement, {
  error: 'must be a name with specifiers or without, like mcp<2; no address, path or option',
});

const interpreter = filledText().refine(isInterpreter, {
  error: 'must be a version of Python, like 3.12 or >=3.10,<3.13; no path',
});

const command = z.union([z.array(filledText()).min(1, 'must not be empty'), filledText()], {
  error: ({ input }) =>
    Array.isArray(input) && input.length === 0
      ? 'must not be empty; write it as a list like [node, server.js]'
      : 'must be a list of texts; write it like [node, server.js]',
});

/** The keys below a server's name. No key is required here: `build-server.ts` checks them together. */
export const serverSchema = z.strictObject({
  package: packageName
    .nullable()
    .default(null)
    .describe('Package to install and run: NAME from npm, pypi:NAME[extras] from the Python index.'),
  version: z
    .string()
    .regex(
      /^[^-/:@\s][^/:@]*$/,
      'must be a version, a range or a dist-tag; write it like 1.2.3, ^1.2 or latest',
    )
    .default('latest')
    .describe(
      'Exact version, range or dist-tag of the package; specifiers such as ~=1.4 for a Python package.',
    ),
  bin: filledText()
    .nullable()
    .default(null)
    .describe(
      'Program of the package, when it has several; `python` is the interpreter of a Python package.',
    ),
  python: interpreter
    .nullable()
    .default(null)
    .describe('Version of Python that a Python package runs on; null leaves it to the package.'),
  with: z
    .array(requirement)
    .default([])
    .describe('Requirements installed beside a Python package, such as mcp<2.'),
  command: command
    .nullable()
    .default(null)
    .describe('Program and arguments as a list; no shell is involved.'),
  args: z.array(text()).default([]).describe('Arguments, after those of `command`.'),
  env: texts(/^[^=\0\s]+$/, 'must be the name of an environment variable')
    .default({})
    .describe('Environment variables; they win over those of `envFile`.'),
  envFile: filledText()
    .nullable()
    .default(null)
    .describe('File of `export NAME="value"` lines, relative to this file.'),
  cwd: filledText().nullable().default(null).describe('Folder the server runs in, relative to this file.'),
  transport: z
    .enum(['stdio', 'http', 'sse'])
    .optional()
    .describe('Transport of MCP; http when `url` is set, else stdio.'),
  type: z
    .enum(['stdio', 'http', 'sse', 'streamable-http'])
    .optional()
    .describe('Another name of `transport`, as in the files of MCP clients.'),
  url: endpoint().nullable().default(null).describe('MCP endpoint of an http or sse server.'),
  headers: headers().default({}).describe('HTTP headers sent with each probe; their values are kept secret.'),
  enabled: z.boolean().default(true).describe('False keeps the server in the file, but stopped.'),
  dependsOn: z.array(z.string()).default([]).describe('Servers that must be ready before this one starts.'),
  restart,
  start: z
    .strictObject({
      timeout: duration({ min: 100 }).prefault('30s').describe('Time allowed from spawn to ready.'),
      when: z
        .enum(['login', 'first-use'])
        .default('login')
        .describe('With the watchdog, or not before the first call of a client through the gateway.'),
    })
    .prefault({})
    .describe('Start of the server.'),
  idle: z
    .strictObject({
      stopAfter: duration({ min: 1_000 })
        .nullable()
        .prefault(null)
        .describe(
          'Time without a call through the gateway after which the server is stopped; the next call starts it. Null for never.',
        ),
    })
    .prefault({})
    .describe('What happens while nobody uses the server.'),
  stop: z
    .strictObject({
      grace: duration({ max: 600_000 }).prefault('5s').describe('Time between SIGTERM and SIGKILL.'),
    })
    .prefault({})
    .describe('Stop of the server.'),
  probe,
  expect: expectation,
  limits,
  update,
  logs,
  gateway: serverGatewaySchema,
});

export type ServerSettings = z.output<typeof serverSchema>;
