// Numbers formatted as Go's strconv does: half to even (JavaScript: half up), with Go's exponents.

/** Formats like `%.2f`: `digits` after the decimal point. */
export function fixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) return formatInfinity(value);
  const sign = isNegative(value) ? '-' : '';
  const size = Math.abs(value);
  // From here on JavaScript writes an exponent; such numbers have no fraction.
  if (size >= 1e21) return `${sign}${BigInt(size)}${digits > 0 ? `.${'0'.repeat(digits)}` : ''}`;
  return `${sign}${toEven(digits, (count) => size.toFixed(count))}`;
}

/** Formats like `%.2e`, with at least two exponent digits; the shortest exact form without `digits`. */
export function scientific(value: number, digits?: number): string {
  if (!Number.isFinite(value)) return formatInfinity(value);
  const size = Math.abs(value);
  const text =
    digits === undefined ? size.toExponential() : toEven(digits, (count) => size.toExponential(count));
  return `${isNegative(value) ? '-' : ''}${text.replace(/e([+-])(\d)$/u, 'e$10$2')}`;
}

/** Formats like `%.4g`: `digits` in all, or the shortest exact form without; large and small numbers get an exponent. */
export function general(value: number, digits?: number): string {
  if (!Number.isFinite(value)) return formatInfinity(value);
  const counted = digits === undefined ? undefined : Math.max(1, digits);
  const [mantissa = '', power = '0'] = scientific(
    value,
    counted === undefined ? undefined : counted - 1,
  ).split('e');
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/u, '') : mantissa;
  const exponent = Number(power);
  if (exponent < -4 || exponent >= (counted ?? 6)) return `${short}e${power}`;
  return placed(short, exponent);
}

/** Formats with all digits needed and no exponent, however long that is. */
export function decimal(value: number): string {
  if (!Number.isFinite(value)) return formatInfinity(value);
  const [mantissa = '', power = '0'] = value.toExponential().split('e');
  return placed(mantissa, Number(power));
}

/** `1.5` and 3 is `1500`. */
function placed(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith('-') ? '-' : '';
  const all = mantissa.replaceAll(/[-.]/gu, '');
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${all}`;
  const whole = all.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  const rest = all.slice(exponent + 1);
  return `${sign}${whole}${rest === '' ? '' : `.${rest}`}`;
}

/**
 * Rounds half to even; JavaScript rounds half up. Halves are recognised by further digits, which are exact and end, since
 * floating-point numbers are sums of powers of two.
 */
function toEven(digits: number, write: (digits: number) => string): string {
  const wanted = Math.min(digits, MOST_DIGITS - FURTHER);
  const text = write(wanted);
  const [shown = '', power = ''] = text.split('e');
  const [longer = '', longerPower = ''] = write(wanted + FURTHER).split('e');
  const isBetween = power === longerPower && /^50*$/u.test(longer.slice(-FURTHER));
  if (!isBetween || Number(shown.at(-1)) % 2 === 0) return text;
  const below = longer.slice(0, -FURTHER).replace(/\.$/u, '');
  return power === '' ? below : `${below}e${power}`;
}

const MOST_DIGITS = 100;
const FURTHER = 30;

function isNegative(value: number): boolean {
  return value < 0 || Object.is(value, -0);
}

function formatInfinity(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return value > 0 ? '+Inf' : '-Inf';
}
