import { randomBytes } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import { ProtocolError } from '../model/failure.ts';
import type { Interaction, TokenRef } from '../model/token.ts';
import { inSeconds, seconds } from '../model/units.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { OWN_SHAPES, refOf } from '../tokens/format.ts';
import { hashToken, sameSecret } from '../tokens/hashing.ts';
import { mintWithRef } from '../tokens/minting.ts';

/** Authorization requests, and visits to pages of ours, between the page and the click: kept here, bound to one browser, and finished once. */
export interface Interactions {
  /** @param browser the value of the browser's cookie. */
  open(request: OpenedRequest, browser: string): Promise<OpenInteraction>;
  /** @throws ProtocolError unless it is open and this browser began it. */
  find(token: string, browser: string | undefined): Promise<OpenInteraction>;
  /** Ends it. @throws ProtocolError if somebody else did first: of two clicks, one counts. */
  close(interaction: OpenInteraction): Promise<void>;
}

export type OpenedRequest = Omit<Interaction, 'browser' | 'csrf' | 'expiresAt'>;

export interface OpenInteraction {
  /** What the pages carry in their URLs and forms. */
  readonly token: string;
  readonly record: Interaction;
}

/** Time to find the password, read the page and decide. */
const LIFETIME = seconds(15 * 60);

/** What a browser's cookie carries: 192 random bits. */
export const newBrowserId = (): string => randomBytes(24).toString('base64url');
export const isBrowserId = (text: string | undefined): text is string => /^[A-Za-z0-9_-]{32}$/.test(text ?? '');

export function createInteractions(deps: { readonly store: TokenStore; readonly clock: Clock }): Interactions {
  const { store, clock } = deps;

  return {
    async open(request, browser) {
      const { token, ref } = mintWithRef(OWN_SHAPES.interaction);
      const record: Interaction = {
        ...request,
        browser: hashToken(browser),
        csrf: randomBytes(24).toString('base64url'),
        expiresAt: seconds(inSeconds(clock.now()) + LIFETIME),
      };
      await store.put([{ kind: 'interaction', ref, record }]);
      return { token, record };
    },

    async find(token, browser) {
      const ref = refOf(token);
      const record = ref && (await store.get('interaction', ref));
      // One whose browser is away is known by its state, and good for coming back only (detours.ts).
      if (!record || record.away) throw over();
      if (!startedBy(record, browser)) throw otherBrowser();
      return { token, record };
    },

    async close({ token }) {
      const ref = refOf(token);
      if (!ref || !(await store.take('interaction', ref))) throw over();
    },
  };
}

/**
 * The consent page's token belongs to one session too: a page that was shown to one user cannot be clicked for another who
 * signed in meanwhile.
 */
export const consentCsrf = ({ csrf }: Interaction, session: TokenRef): string => hashToken(`${csrf}:${session.hash}`);

/** @throws ProtocolError `access_denied` unless the form carries the token of the page it pretends to come from. */
export function checkCsrf(sent: string, expected: string): void {
  if (sameSecret(sent, expected)) return;
  throw new ProtocolError('access_denied', 'This form is out of date: go back to the app and start again.');
}

/** Whether it was this browser that began it. @param browser the value of its cookie. */
export const startedBy = (record: Interaction, browser: string | undefined): boolean =>
  isBrowserId(browser) && sameSecret(hashToken(browser), record.browser);

export const over = () =>
  new ProtocolError('invalid_request', 'This sign-in is over or took too long: go back to the app and start again.');

export const otherBrowser = () =>
  new ProtocolError(
    'access_denied',
    'This sign-in was begun in another browser, or cookies are blocked: allow cookies, go back to the app and start again.',
  );
