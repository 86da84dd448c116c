const VISIBLE = /^[\x21-\x7e]{1,2048}$/;

/** Visible ASCII without spaces, and not too long for any server. */
export const isVisible = (value: string): boolean => VISIBLE.test(value);

/** The URL that a text is in one reading only: a backslash is a slash to some. */
export function parsedUrl(value: string): URL | undefined {
  return isVisible(value) && !value.includes('\\') ? (URL.parse(value) ?? undefined) : undefined;
}
