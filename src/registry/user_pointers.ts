import { foldUsername, type User } from '../model/client.ts';
import type { DocumentStore } from '../stores/document_store.ts';

/**
 * What leads from a username, an e-mail address or a phone number to its user. A pointer is taken after the user's document says the
 * same, and given back before it says something else: so a crash in between leaves a user who cannot sign in until they are saved
 * again, never a name that nobody can take; and nobody ever gives back what is somebody else's by then.
 */
export interface Pointer {
  readonly kind: 'username' | 'contact';
  readonly key: string;
}

export interface UserPointers {
  /** Whether somebody else has it. */
  isTaken(pointer: Pointer, id: string): Promise<boolean>;
  /** @returns false, and changes nothing, if somebody else has it. */
  take(pointer: Pointer, id: string): Promise<boolean>;
  /** Nothing happens if it is somebody else's. */
  giveBack(pointer: Pointer, id: string): Promise<void>;
}

export type Contact = { readonly email: string } | { readonly phoneNumber: string };

/** Connection names have no colon, so no two users share a key. */
export const nameKey = (connection: string, username: string): string => `${connection}:${foldUsername(username)}`;

export const contactKey = (contact: Contact): string =>
  'email' in contact ? `email:${contact.email.toLowerCase()}` : `phone:${contact.phoneNumber}`;

export const contactsOf = ({ email, phoneNumber }: User): readonly string[] => [
  ...(email === undefined ? [] : [contactKey({ email })]),
  ...(phoneNumber === undefined ? [] : [contactKey({ phoneNumber })]),
];

export const namePointer = ({ connection, username }: Pick<User, 'connection' | 'username'>): Pointer => ({
  kind: 'username',
  key: nameKey(connection, username),
});

const contactPointer = (key: string): Pointer => ({ kind: 'contact', key });

export const contactPointers = (user: User): readonly Pointer[] => contactsOf(user).map(contactPointer);

export function createUserPointers(documents: DocumentStore): UserPointers {
  /** What is left over of somebody who is gone, or has another name by now, is nobody's. */
  async function isHeld({ kind, key }: Pointer, id: string): Promise<boolean> {
    const user = await documents.get('user', id);
    if (!user) return false;
    return kind === 'username' ? namePointer(user).key === key : contactsOf(user).includes(key);
  }

  return {
    async isTaken(pointer, id) {
      const there = await documents.get(pointer.kind, pointer.key);
      return there !== undefined && there.id !== id && (await isHeld(pointer, there.id));
    },
    async take(pointer, id) {
      const { kind, key } = pointer;
      if (await documents.put(kind, key, { id }, { ifAbsent: true })) return true;
      const there = await documents.get(kind, key);
      if (!there) return documents.put(kind, key, { id }, { ifAbsent: true });
      if (there.id === id) return true;
      return !(await isHeld(pointer, there.id)) && documents.put(kind, key, { id }, { ifUnchanged: there });
    },
    async giveBack({ kind, key }, id) {
      const there = await documents.get(kind, key);
      if (there?.id === id) await documents.delete(kind, key);
    },
  };
}
