// Calendar arithmetic in UTC that Date lacks.

const DAY = 86_400_000;

/** Starts at 1. */
export function dayOfYear(date: Date): number {
  const year = date.getUTCFullYear();
  return Math.floor((Date.UTC(year, date.getUTCMonth(), date.getUTCDate()) - Date.UTC(year, 0, 1)) / DAY) + 1;
}

export function daysInMonth(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}
