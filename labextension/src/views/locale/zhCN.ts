export const zhCN: Record<string, string> = {};
