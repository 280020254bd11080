// Schema of a notification channel, by its kind.
import { z } from 'zod';
import { suggestSpelling } from '../../core/base/suggest.ts';
import { type ChannelSettings, PLACEHOLDERS } from '../../core/model/notification.ts';
import type { NotifyKind } from '../../core/model/vocabulary.ts';
import { duration, endpoint, filledText, headers, texts } from './fields.ts';

const timeout = (standard: string) =>
  duration({ min: 100, max: 300_000 })
    .prefault(standard)
    .describe('How long one attempt may take; 10s, for a command 30s, when left out.');

const desktop = z.strictObject({
  kind: z.literal('desktop'),
  program: z
    .array(filledText())
    .min(1, 'must not be empty')
    .nullable()
    .default(null)
    .superRefine((argv, context) => argv?.forEach((text) => refuseUnknown(text, SINGLE, context)))
    .describe(
      'Program and arguments in place of the notifications of the system, with {title}, {subtitle} and {body} in them.',
    ),
  timeout: timeout('10s'),
});

const webhook = z.strictObject({
  kind: z.literal('webhook'),
  url: endpoint().describe('Where the notification is posted.'),
  headers: headers().default({}).describe('Headers of the request.'),
  secret: filledText()
    .nullable()
    .default(null)
    .describe(
      'Key of the HMAC-SHA256 signature; take it from ${env:NAME}, ${keychain:SERVICE/ACCOUNT} or ${secret:NAME}.',
    ),
  template: z
    .record(z.string(), z.json())
    .nullable()
    .default(null)
    .superRefine((body, context) => textsIn(body).forEach((text) => refuseUnknown(text, DOUBLE, context)))
    .describe('The body, with {{title}}, {{body}} and the like in its texts, in place of the standard one.'),
  timeout: timeout('10s'),
  retries: z.int().min(0).max(10).default(3).describe('Attempts after the first.'),
});

const command = z.strictObject({
  kind: z.literal('command'),
  command: z.array(filledText()).min(1, 'must not be empty').describe('Program and arguments.'),
  env: texts(/^[^=\0\s]+$/, 'must be the name of an environment variable')
    .default({})
    .describe('Environment variables of the program.'),
  timeout: timeout('30s'),
});

const SCHEMAS = { desktop, webhook, command } satisfies {
  readonly [Kind in NotifyKind]: z.ZodType<ChannelSettings<Kind>>;
};

export const channelSchema = z.discriminatedUnion('kind', [
  SCHEMAS.desktop,
  SCHEMAS.webhook,
  SCHEMAS.command,
]);

/** Finds the secrets of channels that their keys do not reveal. */
export function channelSecrets(channels: readonly ChannelSettings[]): string[] {
  return channels.flatMap((channel) => secretsOf(channel));
}

function secretsOf<Kind extends NotifyKind>(channel: ChannelSettings<Kind>): readonly string[] {
  return HIDDEN_SECRETS[channel.kind](channel);
}

/** By kind. Headers, and keys that name a secret such as `token`, are found without it. */
const HIDDEN_SECRETS: {
  readonly [Kind in NotifyKind]: (settings: ChannelSettings<Kind>) => readonly string[];
} = {
  desktop: () => [],
  // Parts of a webhook url that let anybody post who knows them, as chat services give them out.
  webhook: ({ url }) => new URL(url).pathname.split('/').filter((part) => part.length >= SHORTEST_TOKEN),
  command: () => [],
};

const SHORTEST_TOKEN = 16;

const SINGLE = /\{(\w+)\}/gu;
const DOUBLE = /\{\{\s*(\w+)\s*\}\}/gu;

/** Refuses misspelt placeholders, which would be shown to the person as they are. */
function refuseUnknown(written: string, form: RegExp, context: z.RefinementCtx): void {
  for (const [whole, name = ''] of written.matchAll(form)) {
    if (PLACEHOLDERS.some((known) => known === name)) continue;
    const guess = suggestSpelling(name, PLACEHOLDERS);
    const cure =
      guess === null
        ? `write one of ${PLACEHOLDERS.join(', ')}`
        : `did you mean ${whole.replace(name, guess)}?`;
    context.addIssue({
      code: 'custom',
      message: `has ${whole}, which stands for nothing; ${cure}`,
      input: written,
    });
  }
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
