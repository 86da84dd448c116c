/** Whether percent-encoded bytes are UTF-8. Overlong forms are not: `%C0%AE` becomes a dot on a lenient server. */
export function isUtf8(encoded: string): boolean {
  try {
    decodeURIComponent(encoded);
    return true;
  } catch {
    return false;
  }
}
