// How numbers are written for people in alert texts, as the templates of Prometheus do.

const BIG = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'];
const BINARY = ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'];
const SMALL = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y'];

/** `1.234k`, `1.5m` for 0.0015. */
export function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return general(value, 4);
  return Math.abs(value) >= 1 ? scaledDown(value, BIG, 1000) : scaledUp(value);
}

/** `1.5Mi`; not for what is below 1. */
export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return general(value, 4);
  return scaledDown(value, BINARY, 1024);
}

/** 0.123 is `12.3%`. */
export function humanizePercentage(value: number): string {
  return `${general(value * 100, 4)}%`;
}

/** Of seconds: `1d 2h 3m 4s`, `1.5s`, `20ms`. */
export function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return general(value, 4);
  if (value === 0) return '0s';
  if (Math.abs(value) < 1) return `${scaledUp(value)}s`;
  const sign = value < 0 ? '-' : '';
  const whole = Math.trunc(Math.abs(value));
  const [days, hours, minutes, seconds] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  if (days !== 0) return `${sign}${days}d ${hours}h ${minutes}m ${seconds}s`;
  if (hours !== 0) return `${sign}${hours}h ${minutes}m ${seconds}s`;
  if (minutes !== 0) return `${sign}${minutes}m ${seconds}s`;
  // Below a minute the fraction is of interest.
  return `${general(value, 4)}s`;
}

/** Of seconds since the epoch. */
export function humanizeTimestamp(value: number): string {
  if (!Number.isFinite(value)) return general(value, 4);
  const [day, time = ''] = new Date(value * 1000).toISOString().split('T');
  return `${day} ${time.replace(/\.?0*Z$/u, '')} +0000 UTC`;
}

function scaledDown(value: number, prefixes: readonly string[], step: number): string {
  let prefix = '';
  let rest = value;
  for (const next of prefixes) {
    if (Math.abs(rest) < step) break;
    prefix = next;
    rest /= step;
  }
  return `${general(rest, 4)}${prefix}`;
}

function scaledUp(value: number): string {
  let prefix = '';
  let rest = value;
  for (const next of SMALL) {
    if (Math.abs(rest) >= 1) break;
    prefix = next;
    rest *= 1000;
  }
  return `${general(rest, 4)}${prefix}`;
}

/** `%.4g` of Go; the shortest exact form without `digits`. */
export function general(value: number, digits?: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
  const rounded = digits === undefined ? value : Number(value.toPrecision(digits));
  if (rounded === 0) return Object.is(rounded, -0) ? '-0' : '0';
  const exponent = Number(rounded.toExponential().split('e')[1]);
  if (exponent >= -4 && exponent < (digits ?? 6)) return plain(rounded);
  const [mantissa, power = '0'] = rounded.toExponential().split('e');
  const sign = power.startsWith('-') ? '-' : '+';
  return `${mantissa}e${sign}${power.replace(/^[+-]/u, '').padStart(2, '0')}`;
}

/** Without an exponent, which JavaScript writes for small numbers. */
function plain(value: number): string {
  const text = String(value);
  return text.includes('e') ? value.toFixed(20).replace(/0+$/u, '') : text;
}
