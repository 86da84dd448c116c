import type { TokenRef } from '../model/token.ts';
import type { TokenPolicy, TokenShape } from '../model/token_policy.ts';
import type { TokenStore } from '../stores/token_store.ts';
import { familyRef, isLiveRefresh } from '../tokens/families.ts';
import { hasShape, OWN_SHAPES, refOf } from '../tokens/format.ts';
import { isMarked } from '../tokens/token_marks.ts';

/** What a token that nobody knows may be, and what to do about it. Neither sentence holds any of it. */
export interface Diagnosis {
  readonly says: string;
  readonly change: string;
}

export interface DiagnosisDependencies {
  readonly lookup: Pick<TokenStore, 'get'>;
  /** As `GatewayDependencies`. */
  readonly isForged: (token: string, ref: TokenRef) => boolean;
  /** Whether a token that is not forged was issued here; until the key of marks is known, that cannot be told. */
  readonly marksAreKnown: () => boolean;
  /** How the tokens of each dialect that is spoken look. */
  readonly dialects: readonly { readonly type: string; readonly tokens: TokenPolicy }[];
}

const SEND_ACCESS_TOKEN = 'Send the access token that came with it (access_token in the answer).';

/** Looks for what the text of an unknown token is instead. @throws as TokenStore. */
export async function diagnose(
  token: string,
  { lookup, isForged, marksAreKnown, dialects }: DiagnosisDependencies,
): Promise<Diagnosis> {
  const ref = refOf(token);
  if (ref === undefined) {
    const says = `It has ${token.length} characters, which no token here has: it was cut, or is no token.`;
    return { says, change: 'Copy the whole token, and nothing else.' };
  }

  // 1. What is in the store, but is no access token.
  const refresh = await lookup.get('refresh', ref);
  if (refresh) {
    const family = await lookup.get('family', familyRef(ref.tag, refresh.family));
    const alive =
      family && isLiveRefresh(family, ref.hash) ? 'a refresh token' : 'a refresh token that was used already';
    return { says: `It is ${alive}, not an access token.`, change: SEND_ACCESS_TOKEN };
  }
  if (await lookup.get('code', ref)) {
    const change = 'Redeem it at the token endpoint, and send the access token of the answer.';
    return { says: 'It is an authorization code, not an access token.', change };
  }
  if (hasShape(token, OWN_SHAPES.session) || hasShape(token, OWN_SHAPES.interaction)) {
    const says = 'It is the value of a cookie or a form of our own sign-in pages, not an access token.';
    return { says, change: 'Get an access token at the token endpoint.' };
  }
  if (/^eyJ[\w-]*\.[\w-]+\.[\w-]*$/.test(token)) {
    const says = 'It is a JWT, such as an id_token. Access tokens of this gateway are none.';
    return { says, change: 'Send the access token, not the id_token; or get one from this gateway.' };
  }

  // 2. What it looks like.
  const kinds = kindsOf(token, dialects);
  if (kinds.length === 0) {
    const known = dialects.map(({ type, tokens }) => `${type} (${shapeInWords(tokens.access)})`).join(', ');
    const says = `It looks like no token of a dialect that is spoken here: ${known}.`;
    return { says, change: 'Get a token from this gateway; copy the whole of it.' };
  }
  const access = kinds.filter(({ kind }) => kind === 'access');
  const [other] = kinds;
  if (access.length === 0 && other) {
    const what = other.kind === 'code' ? 'an authorization code' : 'a refresh token';
    const says = `It looks like ${what} of the dialect ${other.type}, not like an access token, and is not known either.`;
    return { says, change: SEND_ACCESS_TOKEN };
  }
  const dialectNames = [...new Set(access.map(({ type }) => type))].join(' or ');
  if (isForged(token, ref)) {
    const says = `It looks like an access token of the dialect ${dialectNames}, but its last characters do not follow from the rest: it was mistyped or made up, or comes from a gateway with another store.`;
    return { says, change: 'Copy the whole token; make sure that it comes from this gateway and its store.' };
  }
  const marked = marksAreKnown() && access.some(({ shape }) => isMarked(shape));
  const says = marked
    ? `It was issued here, for the dialect ${dialectNames}, but is there no longer: it has expired, or was revoked, alone or with its whole grant.`
    : `It looks like an access token of the dialect ${dialectNames}, but is not there: it has expired, was revoked, or never was one.`;
  return { says, change: 'Get a new one: with the refresh token, or by signing in again.' };
}

interface Kind {
  readonly type: string;
  readonly kind: 'access' | 'refresh' | 'code';
  readonly shape: TokenShape;
}

function kindsOf(token: string, dialects: DiagnosisDependencies['dialects']): readonly Kind[] {
  return dialects.flatMap(({ type, tokens }) =>
    (['access', 'refresh', 'code'] as const)
      .map((kind) => ({ type, kind, shape: tokens[kind] }))
      .filter(({ shape }) => hasShape(token, shape)),
  );
}

const shapeInWords = ({ prefix, length }: TokenShape): string =>
  prefix === '' ? `${length} characters` : `${prefix} and ${length} characters`;
