const ZERO = 48;

/** As Postgres writes it in its ISO style: `2026-11-21 07:26:20.123456+00`, `0044-03-15 12:00:00+00:53:28 BC`. */
const ANY =
  /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?)?( BC)?$/;

/**
 * Reads a time as Postgres writes it; one without a zone is in UTC. Microseconds are cut to milliseconds. Nothing: it is no time that a Date
 * can hold, such as `infinity`.
 */
export function readInstant(text: string): Date | undefined {
  const fractionEnd = text.length - 3;
  // Nearly all of them: four digits of a year that Date.UTC takes as it is, and a session in UTC.
  const usual =
    (text.length === 22 || (text.length > 23 && text.length < 30)) && text.charCodeAt(0) > ZERO && text.endsWith("+00");
  if (!usual) return readAny(text);
  let milliseconds = 0;
  for (let at = 20, unit = 100; at < 23 && at < fractionEnd; at += 1, unit /= 10)
    milliseconds += (text.charCodeAt(at) - ZERO) * unit;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5) - 1;
  const hour = twoDigits(text, 11);
  const at = Date.UTC(
    year,
    month,
    twoDigits(text, 8),
    hour,
    twoDigits(text, 14),
    twoDigits(text, 17),
    Math.floor(milliseconds),
  );
  return Number.isNaN(at) ? readAny(text) : new Date(at);
}

/** Writes a time as Postgres reads it, whatever the session's zone. Nothing: an invalid Date. */
export function writeInstant(date: Date): string | undefined {
  const year = date.getUTCFullYear();
  if (Number.isNaN(year)) return undefined;
  if (year > 0 && year < 10_000) return date.toISOString();
  const afterYear = date.toISOString().slice(-20);
  // There is no year 0: what JavaScript calls 0 is 1 BC.
  return year > 0
    ? `${year}${afterYear}`
    : `${String(1 - year).padStart(4, "0")}${afterYear.replace("Z", "+00").replace("T", " ")} BC`;
}

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
}

function readAny(text: string): Date | undefined {
  const found = ANY.exec(text);
  if (found === null) return undefined;
  const [, years, month, day, hour, minute, second, fraction = "", sign, ...zone] = found;
  const year = found[12] === undefined ? Number(years) : 1 - Number(years);
  const date = new Date(0);
  date.setUTCFullYear(year, Number(month) - 1, Number(day));
  date.setUTCHours(Number(hour), Number(minute), Number(second), Number(fraction.slice(0, 3).padEnd(3, "0")));
  const [zoneHour = 0, zoneMinute = 0, zoneSecond = 0] = zone.slice(0, 3).map((each) => Number(each ?? 0));
  const zoneMs = (zoneHour * 3600 + zoneMinute * 60 + zoneSecond) * 1000;
  const at = new Date(date.getTime() - (sign === "-" ? -zoneMs : zoneMs));
  return Number.isNaN(at.getTime()) ? undefined : at;
}
