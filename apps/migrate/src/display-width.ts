// Ranges that terminals draw two columns wide: Hangul, CJK, kana, full-width forms, and the emoji planes.
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]|^\p{Emoji_Presentation}/u;
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]/u;

/** How many columns of a terminal a text takes. Tabs count as one: where they lead depends on where they stand. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** As much blank as `text` is wide, with its tabs kept: what is printed below it lines up. */
export function blankAs(text: string): string {
  let blank = "";
  for (const character of text) blank += character === "\t" ? "\t" : " ".repeat(characterWidth(character));
  return blank;
}

function characterWidth(character: string): number {
  if (character < "\u0300") return 1;
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
