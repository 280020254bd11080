// Schema of a web config in the format of the exporter-toolkit of Prometheus; what is not supported is refused by name.
import { z } from 'zod';
import { CLIENT_AUTH, type TlsVersion } from '../../core/model/web-config.ts';
import { duration, filledText } from './fields.ts';

const VERSIONS: Readonly<Record<string, TlsVersion>> = { TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' };

/** The suites that Go calls secure, with OpenSSL's names. */
const CIPHERS: Readonly<Record<string, string>> = {
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
};

const CURVES: Readonly<Record<string, string>> = {
  CurveP256: 'P-256',
  CurveP384: 'P-384',
  CurveP521: 'P-521',
  X25519: 'X25519',
};

/** Maps Go's name to OpenSSL's. */
function oneOf<T extends string>(names: Readonly<Record<string, T>>) {
  const known = Object.keys(names);
  return z.string().transform((name, context): T => {
    const own = Object.hasOwn(names, name) ? names[name] : undefined;
    if (own !== undefined) return own;
    context.issues.push({
      code: 'custom',
      message: `is not supported here; one of ${known.join(', ')} is`,
      input: name,
    });
    return z.NEVER;
  });
}

/** The value of an HTTP/1.1 header: one line of Latin-1. */
function headerValue() {
  return filledText().refine(
    (value) => !/[^\t\x20-\x7E\x80-\xFF]/.test(value),
    'must be one line of Latin-1',
  );
}

const tls = z.strictObject({
  cert: filledText().optional(),
  key: filledText().optional(),
  client_ca: filledText().optional(),
  cert_file: filledText().optional(),
  key_file: filledText().optional(),
  client_ca_file: filledText().optional(),
  client_auth_type: z
    // RequireClientCert is an older name of RequireAnyClientCert; the empty text is the default.
    .enum([...CLIENT_AUTH, 'RequireClientCert', ''])
    .default('NoClientCert')
    .transform((type) => {
      if (type === '') return 'NoClientCert';
      return type === 'RequireClientCert' ? 'RequireAnyClientCert' : type;
    }),
  client_allowed_sans: z.array(filledText()).min(1).optional(),
  min_version: oneOf(VERSIONS).default('TLSv1.2'),
  max_version: oneOf(VERSIONS).default('TLSv1.3'),
  cipher_suites: z.array(oneOf(CIPHERS)).default([]),
  prefer_server_cipher_suites: z.boolean().default(true),
  curve_preferences: z.array(oneOf(CURVES)).default([]),
});

/** 15 takes three seconds of a processor here, and each one more doubles it. */
const HIGHEST_COST = 15;

const hash = z
  .string('must be a bcrypt hash in quotes; htpasswd -nBC 10 NAME makes one')
  .regex(/^\$2[aby]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/, {
    error: 'must be a bcrypt hash; htpasswd -nBC 10 NAME makes one',
    abort: true,
  })
  .refine((written) => Number(written.slice(4, 6)) <= HIGHEST_COST, {
    error: `is too costly to check; make one with a cost of at most ${HIGHEST_COST}`,
  });

export const webSchema = z.strictObject({
  tls_server_config: tls.optional(),
  http_server_config: z
    .strictObject({
      http2: z
        .boolean()
        .refine((wanted) => !wanted, 'is not supported; leave it out, HTTP/1.1 is spoken')
        .optional(),
      headers: z
        .strictObject({
          'Strict-Transport-Security': headerValue().optional(),
          'Content-Security-Policy': headerValue().optional(),
          'X-Content-Type-Options': z.enum(['nosniff']).optional(),
          'X-Frame-Options': z.enum(['deny', 'sameorigin']).optional(),
          'X-XSS-Protection': headerValue().optional(),
        })
        .prefault({}),
    })
    .prefault({}),
  basic_auth_users: z
    .record(z.string().regex(/^[^:\p{Cc}]+$/u, 'must be a name without a colon'), hash)
    .default({}),
  rate_limit: z
    .strictObject({
      // A bare 0, the default of the format, turns it off.
      interval: z.union([z.literal(0).transform(() => 0), duration()], {
        error: 'must be a duration; write it like 500ms or 1s',
      }),
      burst: z.int().min(1),
    })
    .optional(),
});

export type WebSettings = z.output<typeof webSchema>;
export type TlsSettings = NonNullable<WebSettings['tls_server_config']>;
