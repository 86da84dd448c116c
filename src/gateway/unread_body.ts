import { milliseconds } from '../model/units.ts';

/*
 * What becomes of a body that nobody wants. Closing a connection with unread bytes makes the system reset it, and the answer would be
 * lost on its way to the caller.
 */

/** An unread body of up to so many bytes is read to its end, so that the connection stays good. */
export const READ_TO_END = 65_536;
/** From a longer one so much is still taken, for so long, so that the caller gets to see the answer. */
export const LINGER_BYTES = 262_144;
export const LINGER_TIME = milliseconds(1_000);
