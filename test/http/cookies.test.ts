import { describe, expect, it } from 'vitest';
import { clearCookie, readCookie, setCookie } from '../../src/http/cookies.ts';

describe('cookies', () => {
  it('are for this host, not for scripts, and not for forms of other sites', () => {
    expect(setCookie('gatehouse_session', 'v', false)).toBe('gatehouse_session=v; Path=/; HttpOnly; SameSite=Lax');
    expect(setCookie('gatehouse_session', 'v', true)).toBe(
      '__Host-gatehouse_session=v; Path=/; HttpOnly; SameSite=Lax; Secure',
    );
    expect(clearCookie('gatehouse_session', true)).toContain('; Max-Age=0');
  });

  it('of the console never come from elsewhere', () => {
    expect(setCookie('gatehouse_console', 'v', true)).toBe(
      '__Host-gatehouse_console=v; Path=/; HttpOnly; SameSite=Strict; Secure',
    );
  });

  it('are read by their exact name', () => {
    const header = 'a=1; gatehouse_browser=b; xgatehouse_session=x; gatehouse_session=s=1;__Host-gatehouse_session=h';
    expect(readCookie(header, 'gatehouse_browser', false)).toBe('b');
    expect(readCookie(header, 'gatehouse_session', false)).toBe('s=1');
    expect(readCookie(header, 'gatehouse_session', true)).toBe('h');
    expect(readCookie(header, 'gatehouse_browser', true)).toBeUndefined();
    expect(readCookie(undefined, 'gatehouse_browser', false)).toBeUndefined();
    expect(readCookie('gatehouse_browser=', 'gatehouse_browser', false)).toBeUndefined();
  });

  it('that come twice count as absent', () => {
    expect(readCookie('gatehouse_session=a; gatehouse_session=b', 'gatehouse_session', false)).toBeUndefined();
  });
});
