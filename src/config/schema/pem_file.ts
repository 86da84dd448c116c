import { text } from '../../model/text.ts';

/** The path of a PEM file, which starts from the folder of the configuration if it is relative. */
export const pemFile = () =>
  text((value) =>
    value.includes('-----BEGIN')
      ? 'must be the path of a PEM file, not its content: write it without file:'
      : undefined,
  ).min(1);
