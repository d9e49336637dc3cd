import { ja } from './locale/ja';
import { zhCN } from './locale/zhCN';

/**
 * The text in the page's language; English where it has none. `{name}` is replaced from `values`.
 *
 * JupyterLab sets the page's language with its own locale, so panel, outputs and widgets follow
 * the same setting; its translation packs reach neither widgets nor machines without the packs.
 */
export function t(english: string, values: Record<string, string | number> = {}): string {
  const language = document.documentElement.lang.toLowerCase();
  const words = language.startsWith('ja') ? ja : language.startsWith('zh') ? zhCN : {};
  return (words[english] ?? english).replace(/\{(\w+)\}/g, (hole, name: string) =>
    name in values ? String(values[name]) : hole
  );
}
