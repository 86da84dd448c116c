import { z } from 'zod';
import { type Bytes, inSeconds, type Milliseconds, parseDuration, parseSize, type Seconds } from './units.ts';

/** The kinds of value a YAML field can have, shared by the configuration and by every variant's options. */

// For text of the wrong form and for what is no text at all: `timeout: 30` lacks a unit, not quotes.
const A_DURATION = 'must be a duration such as 250ms, 5s, 1m, 1h or 30d';
const SOME_SECONDS = 'must be a duration of at least one second, such as 5s, 1m, 1h or 30d';
const A_SIZE = 'must be a size such as 512B, 64KiB or 10MiB';

/** `250ms`, `5s`, `1m`, `1h`, `30d` → milliseconds. */
export const duration = () =>
  z
    .string({ error: A_DURATION })
    .regex(/^\d{1,9}(ms|s|m|h|d)$/, A_DURATION)
    .transform((text): Milliseconds => parseDuration(text) ?? (0 as Milliseconds));

/** As `duration`, in whole seconds: `1s`, `1h`, `30d`. */
export const durationInSeconds = () =>
  z
    .string({ error: SOME_SECONDS })
    .regex(/^[1-9]\d{0,8}(s|m|h|d)$/, SOME_SECONDS)
    .transform((text): Seconds => inSeconds(parseDuration(text) ?? (0 as Milliseconds)));

/** `512B`, `64KiB`, `10MiB` → bytes. */
export const size = () =>
  z
    .string({ error: A_SIZE })
    .regex(/^\d{1,9}(B|KiB|MiB|GiB)$/, A_SIZE)
    .transform((text): Bytes => parseSize(text) ?? (0 as Bytes));

/** A name that appears in logs, metrics and keys: letters, digits, `.`, `_` and `-`. */
export const name = () =>
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'must be 1 to 128 letters, digits, ".", "_" or "-"');

/** A scope token (RFC 6749 §3.3): visible ASCII without space, `"` and `\`. */
export const scope = () =>
  z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'must be visible ASCII without spaces, quotes or backslashes');
