// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about.
const CONTROL = /\u001b\[\d{1,3}m|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text from files and servers as a terminal may be given it: with control characters shown, so that none moves the cursor or hides a line. Colours
 * may stay.
 */
export function printable(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(CONTROL, (found) => {
    if (found.length > 1) return found;
    const code = found.codePointAt(0) ?? 0;
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : "\ufffd";
  });
}
