export type Words = Record<string, string>;
export type Language = 'en' | 'ja' | 'zh-CN';
/** How the words of each language are had: they are loaded only where they are read. */
export type Dictionaries = Record<Exclude<Language, 'en'>, () => Promise<Words>>;

let words: Words = {};
/** The words of Python's texts with holes, those with the most letters of their own first. */
let templates: { begins: string; made: RegExp; text: string }[] = [];

/**
 * The page's language as far as we speak it.
 *
 * JupyterLab sets the page's language with its own locale, so panel, outputs and widgets follow
 * the same setting; its translation packs reach neither widgets nor machines without the packs.
 */
export function language(): Language {
  const lang = document.documentElement.lang.toLowerCase();
  return lang.startsWith('ja') ? 'ja' : lang.startsWith('zh') ? 'zh-CN' : 'en';
}

/** To be awaited before the first view is drawn; what can't be had leaves the page English. */
export async function loadWords(from: Dictionaries, chosen = language()): Promise<void> {
  try {
    words = chosen === 'en' ? {} : await from[chosen]();
  } catch (reason) {
    console.warn(`jupyter_crater: no texts in ${chosen}`, reason);
    words = {};
  }
  templates = Object.keys(words)
    .filter(english => english.includes('{1}'))
    .sort((a, b) => b.replace(HOLE, '').length - a.replace(HOLE, '').length)
    .map(english => ({
      begins: english.slice(0, english.search(HOLE)),
      made: pattern(english),
      text: words[english]
    }));
}

/** Python's holes have numbers, ours have names. */
const HOLE = /\{(\d)\}/g;

function pattern(english: string): RegExp {
  const escaped = english.replace(/[.*+?^$()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(HOLE, '(.+?)')}$`, 's');
}

/** A text that Python made, in the page's language; as it came where it has none. */
export function told(english: string): string {
  if (Object.hasOwn(words, english)) {
    return words[english];
  }
  for (const { begins, made, text } of templates) {
    // Most of the hundreds begin otherwise: no pattern is tried for those.
    const filled = english.startsWith(begins) && made.exec(english);
    if (filled) {
      // What is filled in may be sentences: why it ended, in why it starts again.
      return text.replace(HOLE, (_, number: string) => {
        const given = filled[Number(number)].split('; ');
        return given.map(each => (each.includes(' ') ? told(each) : each)).join('; ');
      });
    }
  }
  return english;
}

/** The text in the page's language; English where it has none. `{name}` is replaced from `values`. */
export function t(english: string, values: Record<string, string | number> = {}): string {
  return (words[english] ?? english).replace(/\{(\w+)\}/g, (hole, name: string) =>
    name in values ? String(values[name]) : hole
  );
}
