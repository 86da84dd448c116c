import { connectionUsers } from '../users.ts';
import { type Check, refuseRepeated } from './check.ts';

export const connectionNames: Check = ({ sections, reader }) => {
  const names = sections.connections.map(({ path, frame }) => ({ path: [...path, 'name'], value: frame.values.name }));
  refuseRepeated(reader, names, 'name of the connection');
};

/** Ids are unique over all connections, because an upstream sees nothing but the id. */
export const userIds: Check = ({ sections, reader }) => {
  const users = sections.connections.flatMap(connectionUsers);
  refuseRepeated(
    reader,
    users.map(({ path, user }) => ({ path: [...path, 'id'], value: user.id })),
    'id of the user',
  );
};

/** Names that differ in case only would let one person pass for another. */
export const usernames: Check = ({ sections, reader }) => {
  for (const connection of sections.connections) {
    const users = connectionUsers(connection);
    const names = users.map(({ path, user }) => ({
      path: [...path, 'username'],
      value: user.username.normalize('NFKC').toLowerCase(),
    }));
    refuseRepeated(reader, names, 'username of the user');
  }
};
