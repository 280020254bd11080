// How a number looks in its unit, and which colour has which name.

const SHADES = {
  green: '#73bf69',
  yellow: '#fade2a',
  orange: '#ff9830',
  red: '#f2495c',
  blue: '#5794f2',
  purple: '#b877d9',
  'dark-green': '#37872d',
  'dark-yellow': '#e0b400',
  'dark-orange': '#fa6400',
  'dark-red': '#c4162a',
  'dark-blue': '#1f60c4',
  'dark-purple': '#8f3bb8',
  'light-green': '#96d98d',
  'light-yellow': '#ffee52',
  'light-orange': '#ffb357',
  'light-red': '#ff7383',
  'light-blue': '#8ab8ff',
  'light-purple': '#ca95e5',
  'semi-dark-green': '#56a64b',
  'semi-dark-yellow': '#f2cc0c',
  'semi-dark-orange': '#ff780a',
  'semi-dark-red': '#e02f44',
  'semi-dark-blue': '#3274d9',
  'semi-dark-purple': '#a352cc',
  text: '#ccccdc',
  transparent: 'transparent',
  gray: '#808080',
  grey: '#808080',
};
const PALETTE = [
  '#73bf69',
  '#f2cc0c',
  '#8ab8ff',
  '#ff780a',
  '#f2495c',
  '#5794f2',
  '#b877d9',
  '#fade2a',
  '#37872d',
  '#c0d8ff',
  '#e0b400',
  '#fa6400',
  '#c4162a',
  '#1f60c4',
  '#8f3bb8',
  '#96d98d',
  '#ffb357',
  '#ff7383',
  '#ca95e5',
  '#7eb26d',
];

const colorOf = (name) => SHADES[name] ?? name ?? SHADES.text;
const paletteOf = (index) => PALETTE[index % PALETTE.length];

const SCALES = {
  s: [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'min'],
    [1, 's'],
    [1e-3, 'ms'],
    [1e-6, 'µs'],
  ],
  bytes: [
    [1024 ** 4, 'TiB'],
    [1024 ** 3, 'GiB'],
    [1024 ** 2, 'MiB'],
    [1024, 'KiB'],
    [1, 'B'],
  ],
  decbytes: [
    [1e12, 'TB'],
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
    [1, 'B'],
  ],
  short: [
    [1e9, 'Bil'],
    [1e6, 'Mil'],
    [1e3, 'K'],
  ],
};

/** Text of `value` in a unit of Grafana's. */
function format(value, unit = 'short', decimals = null) {
  if (value === null || Number.isNaN(value)) return '';
  if (unit === 'percentunit') return `${rounded(value * 100, decimals)}%`;
  if (unit === 'percent') return `${rounded(value, decimals)}%`;
  if (unit === 'ms') return format(value / 1000, 's', decimals);
  if (unit === 'dateTimeFromNow') return `${format(DATA.end - value / 1000, 's', 0)} ago`;
  if (unit.startsWith('dateTime')) return new Date(value).toISOString().slice(0, 16).replace('T', ' ');
  if (unit === 'dtdurations' || unit === 'dthms') return format(value, 's', decimals);
  const suffix = { ops: '/s', cps: '/s', reqps: ' req/s' }[unit];
  if (suffix !== undefined) return `${rounded(value, decimals)}${suffix}`;
  const scale = SCALES[unit]?.find(([size]) => Math.abs(value) >= size);
  if (scale === undefined || value === 0)
    return `${rounded(value, decimals)}${value === 0 && unit === 's' ? ' s' : ''}`;
  return `${rounded(value / scale[0], decimals)}${unit === 'short' ? '' : ' '}${scale[1]}`;
}

function rounded(value, decimals) {
  if (decimals !== null && decimals !== undefined) return value.toFixed(decimals);
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

/** Text and colour that a value is mapped to; null when it is not. */
function mappingOf(value, mappings = []) {
  for (const { type, options } of mappings) {
    if (type === 'value' && options[String(value)] !== undefined) return options[String(value)];
    if (type === 'range' && value >= (options.from ?? -Infinity) && value <= (options.to ?? Infinity))
      return options.result;
    if (type === 'special' && (value === null || Number.isNaN(value)) && /null|nan/u.test(options.match))
      return options.result;
  }
  return null;
}

const timeText = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 16);

// The files of the page are one script after the other.
Object.assign(globalThis, { colorOf, paletteOf, format, mappingOf, timeText });
