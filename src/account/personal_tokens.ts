import { foldUsername, PERSONAL_TOKENS_CLIENT } from '../model/client.ts';
import type { Clock } from '../model/clock.ts';
import type { PersonalTokenSettings } from '../model/config.ts';
import type { Identity } from '../model/token.ts';
import { STANDARD_TOKENS } from '../model/token_policy.ts';
import { inSeconds, type Seconds, seconds } from '../model/units.ts';
import type { Visitor } from '../oauth/authorization_flow.ts';
import { allowedTo } from '../oauth/scopes.ts';
import { newFamilyRef } from '../tokens/families.ts';
import type { Issuer } from '../tokens/issuing.ts';
import { grantId, type HeldGrant, type Holdings } from './holdings.ts';

/**
 * Access tokens that users make for themselves, for scripts and tools of theirs. Each is a family of its own without a refresh
 * token, under a client id that no client can have; its name is kept where other families have the name of a device.
 */
export interface PersonalTokens {
  /** The scopes that this user can give one; none: they can have none. */
  offered(user: Identity): readonly string[];
  /** How long one can live, the shortest first. */
  readonly lifetimes: readonly Seconds[];
  list(subject: string): Promise<readonly HeldGrant[]>;
  /** @returns the token, which cannot be read again; or what is wrong with each field. */
  create(visitor: Visitor, wish: TokenWish): Promise<Created | { readonly problems: TokenProblems }>;
  /** @returns the token that has ended, if it was one of this user's. */
  revoke(subject: string, id: string): Promise<HeldGrant | undefined>;
}

/** As the form sent it. */
export interface TokenWish {
  readonly name: string;
  readonly scopes: readonly string[];
  /** Seconds, in digits. */
  readonly lifetime: string;
}

export type TokenProblems = Partial<Record<keyof TokenWish, string>>;

export interface Created {
  readonly id: string;
  readonly token: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Seconds;
}

export interface PersonalTokensDependencies {
  readonly settings: PersonalTokenSettings;
  readonly holdings: Holdings;
  readonly issuer: Pick<Issuer, 'issue'>;
  readonly clock: Clock;
}

export const isPersonalToken = ({ client }: Pick<HeldGrant, 'client'>): boolean => client === PERSONAL_TOKENS_CLIENT;

const MOST = 50;
const LONGEST_NAME = 64;
const DAY = 86_400;
const USUAL_LIFETIMES = [7, 30, 90, 180, 365].map((days) => seconds(days * DAY));

export function createPersonalTokens(deps: PersonalTokensDependencies): PersonalTokens {
  const { settings, holdings, issuer, clock } = deps;
  const shorter = USUAL_LIFETIMES.filter((lifetime) => lifetime < settings.maxTtl);
  const lifetimes = [...shorter, settings.maxTtl];

  const offered = (user: Identity): readonly string[] => allowedTo(user, settings.scopes);

  async function list(subject: string): Promise<readonly HeldGrant[]> {
    const mine = (await holdings.grants(subject)).filter(isPersonalToken);
    return mine.toSorted((one, other) => other.issuedAt - one.issuedAt);
  }

  async function problemsOf(user: Identity, wish: TokenWish): Promise<TokenProblems> {
    const mine = await list(user.subject);
    const problems = {
      name:
        mine.length >= MOST
          ? `You have ${MOST} tokens, and cannot have more: revoke one first.`
          : objectionToName(wish.name, mine),
      scopes: objectionToScopes(wish.scopes, offered(user)),
      lifetime: lifetimes.some((each) => String(each) === wish.lifetime) ? undefined : 'Choose one of these.',
    };
    return Object.fromEntries(Object.entries(problems).filter(([, problem]) => problem !== undefined));
  }

  return {
    offered,
    lifetimes,
    list,
    async create({ user, authenticatedAt }, sent) {
      const wish = { ...sent, name: sent.name.trim() };
      const problems = await problemsOf(user, wish);
      if (Object.keys(problems).length > 0) return { problems };
      const ttl = seconds(Number(wish.lifetime));
      // In the order of the configuration, whatever the form's was.
      const scopes = offered(user).filter((scope) => wish.scopes.includes(scope));
      const family = newFamilyRef(STANDARD_TOKENS);
      const { accessToken } = await issuer.issue({
        family,
        policy: { ...STANDARD_TOKENS, accessTtl: ttl },
        authorization: { client: PERSONAL_TOKENS_CLIENT, user, scopes, audience: settings.audience, authenticatedAt },
        scopes,
        refreshable: false,
        device: wish.name,
      });
      return {
        id: grantId(family),
        token: accessToken,
        name: wish.name,
        scopes,
        expiresAt: seconds(inSeconds(clock.now()) + ttl),
      };
    },
    async revoke(subject, id) {
      const [ended] = await holdings.endGrants(subject, (grant) => isPersonalToken(grant) && grant.id === id);
      return ended;
    },
  };
}

function objectionToName(name: string, mine: readonly HeldGrant[]): string | undefined {
  if (name === '') return 'Give it a name, such as what you need it for.';
  if (!/^[^\p{Cc}\p{Zl}\p{Zp}]{1,64}$/u.test(name)) return `Use at most ${LONGEST_NAME} characters, in one line.`;
  // A form that is sent again by reloading the page makes no second token either.
  const isTaken = mine.some(({ device }) => foldUsername(device ?? '') === foldUsername(name));
  return isTaken ? 'You have a token of this name already: choose another name, or revoke that one.' : undefined;
}

function objectionToScopes(chosen: readonly string[], offered: readonly string[]): string | undefined {
  if (chosen.length === 0) return 'Choose at least one: a token without any could do nothing.';
  return chosen.every((scope) => offered.includes(scope)) ? undefined : 'Choose only among those that are offered.';
}
