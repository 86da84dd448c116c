import { contradictionsOf } from '../../model/client_fields.ts';
import { oneOf } from '../../model/refusal_words.ts';
import { suggest } from '../suggest.ts';
import { type Check, refuseRepeated } from './check.ts';

export const clientIds: Check = ({ sections, reader }) => {
  const ids = sections.clients.map(({ path, values }) => ({ path: [...path, 'id'], value: values.id }));
  refuseRepeated(reader, ids, 'id of the client');
};

export const clientGrants: Check = ({ sections, variants, reader }) => {
  const known = [...variants.grants];
  for (const { path, values } of sections.clients) {
    for (const [index, grant] of (values.grants ?? []).entries()) {
      if (known.includes(grant)) continue;
      const meant = suggest(grant, known);
      const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
      reader.report([...path, 'grants', index], `is not a grant: must be ${oneOf(known)}${hint}`);
    }
  }
};

export const clientSecrets: Check = ({ sections, reader }) => {
  for (const { path, values, written } of sections.clients) {
    const [secret, hash] = [written.has('secret'), written.has('secret_hash')];
    if (secret && hash) reader.report([...path, 'secret_hash'], 'stands beside secret: keep one of them', 'key');
    if (values.public === true) {
      const key = secret ? 'secret' : 'secret_hash';
      if (secret || hash)
        reader.report([...path, key], 'is for confidential clients: remove it, or write public: false', 'key');
    } else if (values.public === false && !secret && !hash) {
      reader.report(
        path,
        'has no secret: write secret or secret_hash, or public: true for an app that cannot keep one',
      );
    }
  }
};

export const clientContradictions: Check = ({ sections, reader }) => {
  for (const { path, values, written } of sections.clients) {
    for (const { path: inner, message } of contradictionsOf(values)) {
      // What is not written down has no place of its own.
      const [key] = inner;
      reader.report(typeof key === 'string' && written.has(key) ? [...path, ...inner] : path, message);
    }
  }
};

/** Clients and routes may name connections, which must exist: a name that is misspelled would let nobody in. */
export const namedConnections: Check = ({ sections, reader }) => {
  // A connection whose name could not be read may be the one that is meant.
  if (sections.connections.some(({ frame }) => frame.values.name === undefined)) return;
  const known = sections.connections.flatMap(({ frame }) => frame.values.name ?? []);
  for (const { path, values } of [...sections.clients, ...sections.routes]) {
    for (const [index, connection] of (values.connections ?? []).entries()) {
      if (known.includes(connection)) continue;
      const right = known.length === 0 ? 'there is none' : `must be ${oneOf(known)}`;
      reader.report([...path, 'connections', index], `is not a connection of this file: ${right}`);
    }
  }
};

/** A dialect that is not configured answers nowhere, so a client that may use it alone gets nothing. */
export const namedDialects: Check = ({ sections, reader }) => {
  if (sections.dialects.some(({ type }) => type === undefined)) return;
  const known = sections.dialects.flatMap(({ type }) => type ?? []);
  for (const { path, values } of sections.clients) {
    for (const [index, dialect] of (values.dialects ?? []).entries()) {
      if (known.includes(dialect)) continue;
      reader.report([...path, 'dialects', index], `is not a dialect of this file: must be ${oneOf(known)}`);
    }
  }
};
