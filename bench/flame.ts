export const flameGraph = async (_file: string): Promise<string> => '';
