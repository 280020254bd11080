// Times, spans, sizes and rates for people: short, rounded, with a unit.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `850 ms`, `42 s`, `3 min`, `5 h`, `12 d`: one unit, rounded down. */
export function span(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

/** `42 s`, `3 min`, `2 h`, `1 h 20 min`, `3 d 4 h`: rounded to the nearest, for a length that is known as a whole. */
export function length(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  const whole = (unit: number): number => Math.round(ms / unit) * unit;
  if (whole(SECOND) < MINUTE) return span(ms < SECOND ? ms : whole(SECOND));
  if (whole(MINUTE) < HOUR) return span(whole(MINUTE));
  const [unit, of, name] = whole(MINUTE) < DAY ? [MINUTE, HOUR, 'h'] : [HOUR, DAY, 'd'];
  const rounded = whole(unit);
  const rest = rounded % of;
  return `${Math.floor(rounded / of)} ${name}${rest === 0 ? '' : ` ${span(rest)}`}`;
}

/** `42s`, `3m 20s`, `5h 07m`, `12d 4h`: for columns. */
export function uptime(milliseconds: number): string {
  const ms = Math.max(0, milliseconds);
  const unit = (size: number, of: number) => Math.floor((ms % of) / size);
  if (ms < MINUTE) return `${unit(SECOND, MINUTE)}s`;
  if (ms < HOUR) return `${unit(MINUTE, HOUR)}m ${twoDigits(unit(SECOND, MINUTE))}s`;
  if (ms < DAY) return `${unit(HOUR, DAY)}h ${twoDigits(unit(MINUTE, HOUR))}m`;
  return `${Math.floor(ms / DAY)}d ${unit(HOUR, DAY)}h`;
}

/** `just now`, `3 min ago`; a time in the future, from before the clock was set back, counts as now. */
export function ago(at: number, now: number): string {
  return now - at < SECOND ? 'just now' : `${span(now - at)} ago`;
}

/** `117 MiB`, `1.5 GiB`. */
export function size(bytes: number): string {
  if (bytes >= 1024 ** 3) return `${shortened(bytes / 1024 ** 3)} GiB`;
  return bytes >= 1024 ** 2 ? `${shortened(bytes / 1024 ** 2)} MiB` : `${shortened(bytes / 1024)} KiB`;
}

/** Cores as per cent of one: `3.4 %`, `120 %`. */
export function cpu(cores: number): string {
  return `${shortened(cores * 100)} %`;
}

/** `3.4 ms`, `120 ms`, `2.5 s`. */
export function latency(milliseconds: number): string {
  return milliseconds < 1000 ? `${shortened(milliseconds)} ms` : `${shortened(milliseconds / 1000)} s`;
}

function shortened(value: number): number {
  return value < 9.95 ? Number(value.toFixed(1)) : Math.round(value);
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
