import { isLoopback } from './loopback.ts';
import { text } from './text.ts';
import { parsedUrl } from './visible_url.ts';

const PRIVATE_USE_SCHEME = /^[a-z][a-z0-9+]*[.-][a-z0-9+.-]*:/;
const SCHEMES_OF_BROWSERS = /^(view-source|moz-|chrome-|ms-browser|x-javascript)/;

/**
 * Where a browser may be sent with a code (RFC 6749 §3.1.2, RFC 9700 §2.1): compared as text, so stored as it is written.
 * A custom scheme must contain a dot or hyphen (RFC 8252 §7.1), which no scheme that runs code in a browser does.
 */
export const redirectUri = () =>
  text((value) => {
    const url = parsedUrl(value);
    if (!url) return 'must be an absolute URI such as https://app.example.com/callback';
    if (value.includes('#')) return 'must not have a fragment (#): RFC 6749, section 3.1.2';
    if (value.includes('*')) return 'must not contain *: each redirect URI is written out';
    if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
    if (/\/\.{1,2}([/?]|$)/.test(value)) return 'must not contain . or .. as a segment';
    if (url.protocol === 'https:') return undefined;
    if (url.protocol === 'http:') {
      return isLoopback(url.hostname) ? undefined : 'must use https; http is for loopback addresses only';
    }
    if (PRIVATE_USE_SCHEME.test(value) && !SCHEMES_OF_BROWSERS.test(value)) return undefined;
    return 'must use https, http on loopback, or a scheme of its own with a dot or hyphen, such as com.example.app:/callback';
  });
