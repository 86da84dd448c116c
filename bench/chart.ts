import type { Row } from './report.ts';
export const chart = (_rows: readonly Row[]): string => '';
