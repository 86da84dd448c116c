/** Keys that people write with good reason although there is no such key, with what to tell them. List positions are left out. A map, because any word may be asked for, `toString` too. */
const REMARKS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'listen.forward_auth': 'unknown key: write forward_auth at the top of the file, beside listen',
    'clients[].client_id': 'unknown key: a client is named by id',
    'clients[].client_secret': 'unknown key: write secret, or secret_hash',
    'connections[].users[].password':
      'plain passwords are not accepted: write password_hash, with what `gatehouse hash-password` prints',
  }),
);

/** What to say about an unknown key besides that it is unknown. */
export const remarkOn = (key: string): string | undefined => REMARKS.get(key.replace(/\[\d+\]/g, '[]'));
