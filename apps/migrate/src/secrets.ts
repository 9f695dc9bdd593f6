/** Shorter values would be found inside ordinary words. */
const SECRET_CHARACTERS_MIN = 6;

const secrets = new Set<string>();

/** Text is searched for this value from now on. Both as it is and as a URL writes it. */
export function rememberSecret(value: string | undefined): void {
  if (value === undefined || value.length < SECRET_CHARACTERS_MIN) return;
  secrets.add(value);
  secrets.add(encodeURIComponent(value));
}

/**
 * The same text without passwords: neither those of URLs and settings, nor the literals of SQL's `password '…'`, nor the values that this
 * process was given. With `sameLength` it stays as long as it was, so that a caret below it still points right.
 */
export function hideSecrets(text: string, sameLength = false): string {
  const stars = (secret: string): string => (sameLength ? "*".repeat(Array.from(secret).length) : "***");
  let hidden = text
    .replace(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)([^\s"]+)(?=@)/gi, (_, before, secret) => before + stars(secret))
    .replace(/(\bpassword\s*=\s*)('[^']*'|[^\s&'"]+)/gi, (_, before, secret) => before + stars(secret))
    .replace(/(\bpassword\s+(?:e|u&)?')((?:[^']|'')*)(?=')/gi, (_, before, secret) => before + stars(secret));
  for (const secret of secrets) hidden = hidden.replaceAll(secret, stars(secret));
  return hidden;
}
