/** An array of the server's, read: text at the leaves. */
export type TextArray = (string | null | TextArray)[];

/** Reads an array as Postgres writes it: `{a,"b,\"c\"",NULL,{d}}`, with bounds in front if they are not the usual ones. */
export function readArrayText(text: string, delimiter: "," | ";"): TextArray {
  let at = text.startsWith("[") ? text.indexOf("=") + 1 : 0;

  const readQuoted = (): string => {
    let value = "";
    for (at += 1; text[at] !== '"'; at += 1) {
      if (text[at] === "\\") at += 1;
      if (at >= text.length) throw new RangeError("an array ends inside of quotes");
      value += text[at];
    }
    at += 1;
    return value;
  };

  const readBare = (): string | null => {
    const from = at;
    while (at < text.length && text[at] !== delimiter && text[at] !== "}") at += 1;
    const value = text.slice(from, at);
    return value === "NULL" ? null : value;
  };

  const readArray = (): TextArray => {
    const elements: TextArray = [];
    at += 1;
    while (text[at] !== "}") {
      if (at >= text.length) throw new RangeError("an array has no end");
      if (text[at] === "{") elements.push(readArray());
      else elements.push(text[at] === '"' ? readQuoted() : readBare());
      if (text[at] === delimiter) at += 1;
    }
    at += 1;
    return elements;
  };

  return readArray();
}

/** Writes an element so that nothing in it means anything: `"` and `\` escaped, in quotes. */
export function quoteElement(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
