import { isUtf8 } from "node:buffer";

const LF = 0x0a;
const CR = 0x0d;

/** A file's bytes as they are hashed and sent: without a byte order mark, every line end a single line feed. Changes `bytes` in place. */
export function normalise(bytes: Buffer): Buffer {
  const content = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
  const first = content.indexOf(CR);
  return first === -1 ? content : unifyLineEnds(content, first);
}

/** Why Postgres could not read these bytes as SQL, if so. */
export function encodingProblem(bytes: Buffer): string | undefined {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    return "is UTF-16; save it as UTF-8";
  const nul = bytes.indexOf(0);
  if (nul !== -1) return `holds a NUL byte, at byte ${nul}`;
  return isUtf8(bytes) ? undefined : `is not UTF-8: ${firstBadLine(bytes)}`;
}

function unifyLineEnds(content: Buffer, from: number): Buffer {
  let length = from;
  for (let at = from; at < content.length; at++) {
    const byte = content[at]!;
    if (byte !== CR) content[length++] = byte;
    // The line feed of a pair comes by itself.
    else if (content[at + 1] !== LF) content[length++] = LF;
  }
  return content.subarray(0, length);
}

function firstBadLine(bytes: Buffer): string {
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const newline = bytes.indexOf(LF, start);
    const end = newline === -1 ? bytes.length : newline;
    if (!isUtf8(bytes.subarray(start, end))) return `look at line ${line}`;
    start = end + 1;
  }
  return "look at its end";
}
