import { type Check, refuseRepeated } from './check.ts';

export const headerNames: Check = ({ sections, reader }) => {
  const names = Object.entries(sections.identityHeaders.values).map(([key, value]) => ({
    path: ['identity_headers', key],
    value: value?.toLowerCase(),
  }));
  refuseRepeated(reader, names, 'header');
};
