import { oneOf } from '../explain.ts';
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
      // RFC 6749 §4.4: it is the secret that this grant rests on.
      const index = values.grants?.indexOf('client_credentials') ?? -1;
      if (index >= 0)
        reader.report([...path, 'grants', index], 'is not for public clients, which have no secret: remove it');
    } else if (values.public === false && !secret && !hash) {
      reader.report(
        path,
        'has no secret: write secret or secret_hash, or public: true for an app that cannot keep one',
      );
    }
  }
};

export const clientRedirects: Check = ({ sections, reader }) => {
  for (const { path, values, written } of sections.clients) {
    if (!values.grants?.includes('authorization_code')) continue;
    const none = values.redirect_uris?.length === 0;
    const at = written.has('redirect_uris') ? [...path, 'redirect_uris'] : path;
    if (none) reader.report(at, 'may use authorization_code, so it must have redirect_uris');
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
