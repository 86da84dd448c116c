import type { Check } from './check.ts';

/** A code that one node sent is checked by any other, with the same key. A key of its own is enough for a single process. */
export const serverSecretShared: Check = ({ sections, variants, reader }) => {
  if (sections.top.written.has('server_secret')) return;
  const { workers } = sections.listen.values;
  const severalNodes = sections.store.type === 'redis';
  if (!severalNodes && (workers === undefined || workers === 1)) return;
  const why = severalNodes ? 'the store redis is for several nodes' : 'there are several workers';
  for (const { path, type } of sections.connections) {
    if (type === undefined || !variants.connections[type]?.sendsCodes) continue;
    const advice = 'write server_secret at the top, such as one from `openssl rand -base64 32`';
    reader.report([...path, 'type'], `sends one-time codes, whose key every node must share, and ${why}: ${advice}`);
  }
};
