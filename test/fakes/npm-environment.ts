/**
 * Returns the environment in which a test asks a real registry with npm: `vitest.config.ts` has put the name of further
 * certificates under one that npm does not know.
 */
export function npmEnvironment(): NodeJS.ProcessEnv {
  const { SSL_CERT_FILE: certificates } = process.env;
  return { ...process.env, ...(certificates !== undefined && { NODE_EXTRA_CA_CERTS: certificates }) };
}
