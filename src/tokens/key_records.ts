import { z } from 'zod';
import type { SigningKey } from '../model/client.ts';
import { CorruptRecord } from '../model/failure.ts';
import { type Seconds, seconds } from '../model/units.ts';
import { type Jwk, type JwsKey, type KeyAlgorithm, newKeyPair, readJwk, type SignWith } from './jws.ts';
import type { KeySlot } from './key_schedule.ts';
import { keyFor, openSealed, sealText } from './sealing.ts';

/** A signing key that was read: public at once, able to sign when asked. */
export interface ReadKey {
  readonly id: string;
  readonly kid: string;
  readonly algorithm: KeyAlgorithm;
  readonly publicJwk: Jwk;
  readonly publicKey: JwsKey;
  readonly activeFrom: Seconds;
  readonly activeUntil: Seconds;
  readonly publishedUntil: Seconds;
  /** @throws CorruptRecord when the private half cannot be opened: sealed with another server secret, or changed. */
  signWith(): Promise<SignWith>;
}

/** How signing keys become records and records keys. */
export interface KeyRecords {
  /** @param overlap how long it stays public after it stops signing. */
  make(slot: KeySlot, overlap: Seconds): Promise<SigningKey>;
  /** @throws CorruptRecord */
  read(id: string, record: SigningKey): Promise<ReadKey>;
}

const SEALED = 'sealed:';
const PURPOSE = 'gatehouse signing key';

/** What a public key of ours consists of. A private part in it would be published, so anything else is refused. */
const publicJwk = z.union([
  z.strictObject({
    kty: z.literal('RSA'),
    n: z.string(),
    e: z.string(),
    kid: z.string(),
    alg: z.literal('RS256'),
    use: z.literal('sig'),
  }),
  z.strictObject({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: z.string(),
    y: z.string(),
    kid: z.string(),
    alg: z.literal('ES256'),
    use: z.literal('sig'),
  }),
]);
const privateJwk = z.record(z.string(), z.unknown());

/**
 * @param serverSecret seals the private halves, so that a copy of the store cannot sign. Keys that were stored before there was one
 * serve until they are rotated out.
 */
export function keyRecords(serverSecret: string | undefined): KeyRecords {
  const sealingKey = serverSecret === undefined ? undefined : keyFor(serverSecret, PURPOSE);

  async function make({ algorithm, activeFrom, activeUntil }: KeySlot, overlap: Seconds): Promise<SigningKey> {
    const pair = await newKeyPair(algorithm);
    const text = JSON.stringify(pair.privateJwk);
    const kid = String(pair.publicJwk['kid']);
    return {
      algorithm,
      publicJwk: pair.publicJwk,
      privateJwk: sealingKey ? SEALED + sealText(text, sealingKey, kid) : text,
      activeFrom,
      activeUntil,
      publishedUntil: seconds(activeUntil + overlap),
    };
  }

  async function read(id: string, record: SigningKey): Promise<ReadKey> {
    const { algorithm, activeFrom, activeUntil, publishedUntil } = record;
    const jwk = publicJwk.safeParse(record.publicJwk);
    if (!jwk.success || jwk.data.alg !== algorithm) throw new CorruptRecord('signing_key');
    const { kid } = jwk.data;
    const publicKey = await keyOf(jwk.data, algorithm);
    let opened: Promise<SignWith> | undefined;
    return {
      ...{ id, kid, algorithm, publicJwk: jwk.data, publicKey, activeFrom, activeUntil, publishedUntil },
      signWith() {
        opened ??= open(record, kid);
        return opened;
      },
    };
  }

  async function open({ algorithm, privateJwk: stored }: SigningKey, kid: string): Promise<SignWith> {
    return { algorithm, kid, key: await keyOf(parsedPrivate(stored, kid), algorithm) };
  }

  function parsedPrivate(stored: string, kid: string): Jwk {
    try {
      return privateJwk.parse(JSON.parse(stored.startsWith(SEALED) ? unsealed(stored, kid) : stored));
    } catch {
      // The cause would quote the key.
      throw new CorruptRecord('signing_key');
    }
  }

  function unsealed(stored: string, kid: string): string {
    if (!sealingKey) throw new Error('sealed, and there is no server secret');
    return openSealed(stored.slice(SEALED.length), sealingKey, kid);
  }

  return { make, read };
}

async function keyOf(jwk: Jwk, algorithm: KeyAlgorithm): Promise<Exclude<JwsKey, Uint8Array>> {
  try {
    return await readJwk(jwk, algorithm);
  } catch {
    throw new CorruptRecord('signing_key');
  }
}
