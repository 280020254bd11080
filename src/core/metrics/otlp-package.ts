// The optional package with which metrics are pushed over OTLP, and how it is installed.

export const OTLP_PACKAGE = '@opentelemetry/exporter-metrics-otlp-http';

/** The newest line that runs on every Node that the watchdog runs on. */
export const OTLP_INSTALL = `npm install --global ${OTLP_PACKAGE}@0.221`;
