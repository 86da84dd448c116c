import { text } from '../../model/text.ts';

/** CONNECT and TRACE are not forwarded by any proxy that guards something. */
export const method = () =>
  text((value) => {
    if (/^[A-Z][A-Z-]{0,31}$/.test(value))
      return value === 'CONNECT' || value === 'TRACE' ? 'is a method that is never forwarded: remove it' : undefined;
    return 'must be an HTTP method in upper case, such as GET';
  });
