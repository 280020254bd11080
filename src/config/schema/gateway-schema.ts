// Schema of the gateway in the config: the section of its own, and the one below a server.
import { z } from 'zod';
import { CLIENT_CAPABILITIES } from '../../core/gateway/model.ts';
import { CALL_LOGS, GATEWAY_MODES, RETRY_MODES } from '../../core/model/gateway-policy.ts';
import { allowedHosts, duration, filledText, listen, size } from './fields.ts';

const globs = () => z.array(filledText()).max(500);

/** The section `gateway` of the file. */
export const gatewaySchema = z
  .strictObject({
    listen: listen()
      .nullable()
      .prefault('127.0.0.1:9639')
      .describe('Where clients reach the servers, at /NAME/mcp; loopback only, null for nowhere.'),
    socket: z.boolean().default(true).describe('Whether `connect` finds a socket in the home.'),
    allowedHosts: allowedHosts(),
    allowedOrigins: z
      .array(
        z
          .string()
          .regex(/^[a-z][a-z\d+.-]*:\/\/[^/\s]+$/i, 'must be an origin; write it like http://localhost:3000'),
      )
      .default([])
      .describe(
        'Origin headers of programs that may call tools; any other gets 403. There are no CORS headers for pages in a browser.',
      ),
    tokenFile: filledText()
      .nullable()
      .default(null)
      .describe('File with a token that clients must send as Bearer over TCP; the socket never asks for it.'),
    maxBody: size({ min: 1024, max: 64 * 1024 * 1024 })
      .prefault('4MiB')
      .describe('Largest message of a client.'),
    timeout: duration({ min: 1000 })
      .prefault('10m')
      .describe('Time after which a call without answer or progress is cancelled.'),
    log: z
      .enum(CALL_LOGS)
      .default('off')
      .describe('Calls written to logs/calls: none, who called what, or arguments and results too.'),
  })
  .prefault({})
  .describe('Gateway: one address for all servers, which outlives their restarts.');

/** The section `gateway` of a server. */
export const serverGatewaySchema = z
  .strictObject({
    mode: z
      .enum(GATEWAY_MODES)
      .optional()
      .describe(
        'shared: one process for all clients; per-session: one each; off: left out; a change restarts it.',
      ),
    maxInstances: z.int().min(1).max(64).default(4).describe('Processes at a time, with mode per-session.'),
    capabilities: z
      .array(z.enum(CLIENT_CAPABILITIES))
      .default([])
      .describe('What the server may ask of the client whose call is under way; a change restarts it.'),
    tools: z
      .strictObject({
        allow: globs()
          .default(['*'])
          .describe('Tools that are listed and may be called; * matches any part.'),
        deny: globs().default([]).describe('Tools that are neither; wins over allow.'),
        readOnly: z
          .boolean()
          .default(false)
          .describe('True leaves out tools that are not marked as read-only.'),
      })
      .prefault({})
      .describe('Which tools clients get.'),
    retry: z
      .strictObject({
        mode: z
          .enum(RETRY_MODES)
          .default('safe')
          .describe('safe: what only reads is sent again, once, when the server died under it.'),
        allow: globs().default([]).describe('Tools that are sent again whatever the server says of them.'),
        deny: globs().default([]).describe('Tools that never are; wins over allow.'),
      })
      .prefault({})
      .describe('Calls that a death of the server cut off.'),
    queue: z
      .strictObject({
        length: z.int().min(0).max(10_000).default(256).describe('Calls that wait at a time.'),
        patience: duration({ max: 600_000 }).prefault('30s').describe('How long each of them waits.'),
      })
      .prefault({})
      .describe('Calls while the server is being restarted.'),
    busyGrace: duration().prefault('2m').describe('How long an unanswered call excuses missed probes.'),
    spare: z
      .boolean()
      .default(false)
      .describe(
        'Whether a second process stands by for one that dies; not for servers that own a port, lock or browser.',
      ),
  })
  .prefault({})
  .describe('How clients reach the server through the gateway.');
