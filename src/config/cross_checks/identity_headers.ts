import { type Check, refuseRepeated } from './check.ts';

export const headerNames: Check = ({ sections, reader }) => {
  const { attributes = {}, ...named } = sections.identityHeaders.values;
  const entry =
    (path: readonly string[]) =>
    ([key, value]: [string, string | null | undefined]) => ({
      path: [...path, key],
      value: value?.toLowerCase(),
    });
  const names = [
    ...Object.entries(named).map(entry(['identity_headers'])),
    ...Object.entries(attributes).map(entry(['identity_headers', 'attributes'])),
  ];
  refuseRepeated(reader, names, 'header');
};
