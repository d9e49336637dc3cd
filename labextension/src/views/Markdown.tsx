import { getDefaults, Lexer, type Token, type TokenizerExtension, type Tokens } from 'marked';
import * as React from 'react';

import { Blocks } from './blocks';
import { CopyButton } from './controls';
import { plain, safeUrl } from './format';
import { t } from './i18n';
import { Formula } from './Maths';

/** A block longer than this is shown as plain text: no grammar is worth a frozen page. */
const LONG_BLOCK = 20_000;
/** Plain text is laid out in pieces of this: what grows at its end costs only the last one. */
const PIECE = 2000;
/** So many characters are shown at once, more on request. */
const PAGE = 100_000;

const displayFormula: TokenizerExtension = {
  name: 'displayFormula',
  level: 'block',
  start: source => source.search(/\$\$|\\\[/),
  tokenizer(source) {
    const match =
      /^\$\$([^]{1,4000}?)\$\$[ \t]*(?:\n|$)/.exec(source) ??
      /^\\\[([^]{1,4000}?)\\\][ \t]*(?:\n|$)/.exec(source);
    return match ? { type: 'displayFormula', raw: match[0], text: match[1] } : undefined;
  }
};

const inlineFormula: TokenizerExtension = {
  name: 'inlineFormula',
  level: 'inline',
  start: source => source.search(/\$|\\\(|\\\[/),
  tokenizer(source) {
    const display =
      /^\$\$([^$]{1,2000})\$\$/.exec(source) ?? /^\\\[([^]{1,2000}?)\\\]/.exec(source);
    if (display) {
      return { type: 'displayFormula', raw: display[0], text: display[1] };
    }
    // Pandoc's rule, which leaves "$5 and $6" alone: no space inside the dollars, no digit after.
    const inline =
      /^\\\(([^]{1,1000}?)\\\)/.exec(source) ??
      /^\$(?![\s$])((?:\\.|[^$\\\n]){1,1000}?)(?<!\s)\$(?!\d)/.exec(source);
    return inline ? { type: 'inlineFormula', raw: inline[0], text: inline[1] } : undefined;
  }
};

// The lexer alone: what else marked holds makes HTML, which is never made here.
const OPTIONS = {
  ...getDefaults(),
  extensions: {
    renderers: {},
    childTokens: {},
    block: [displayFormula.tokenizer],
    startBlock: [displayFormula.start!],
    inline: [inlineFormula.tokenizer],
    startInline: [inlineFormula.start!]
  }
};

export interface IMarkdownProps {
  text: string;
}

/**
 * Untrusted markdown as elements: tokens become React elements one by one, so nothing in the text
 * is ever parsed as HTML, no script runs, no image or style is fetched, and links go to http(s).
 */
export function Markdown({ text }: IMarkdownProps): JSX.Element {
  const [limit, setLimit] = React.useState(PAGE);
  const blocks = React.useRef<Blocks>();
  blocks.current ??= new Blocks();
  const shown = plain(text.length > limit ? text.slice(0, limit) : text);
  return (
    <div className="crater-Markdown">
      {blocks.current.update(shown).map((block, index) => (
        <Block key={index} source={block} />
      ))}
      {text.length > limit && (
        <button className="crater-Button" onClick={() => setLimit(limit + PAGE)}>
          {t('Show more ({count} characters left)', { count: text.length - limit })}
        </button>
      )}
    </div>
  );
}

const Block = React.memo(function Block({ source }: { source: string }): JSX.Element {
  if (source.length > LONG_BLOCK && !/^ {0,3}(`{3,}|~{3,})/.test(source)) {
    return <Plain source={source} />;
  }
  let tokens: Token[];
  try {
    tokens = new Lexer(OPTIONS).lex(source);
  } catch {
    // E.g. nesting deeper than the stack.
    return <Plain source={source} />;
  }
  return <>{elements(tokens)}</>;
});

function Plain({ source }: { source: string }): JSX.Element {
  const pieces = [];
  let start = 0;
  while (source.length > start + PIECE) {
    const space = Math.max(
      source.lastIndexOf('\n', start + PIECE),
      source.lastIndexOf(' ', start + PIECE)
    );
    const end = space > start ? space + 1 : start + PIECE;
    pieces.push(source.slice(start, end));
    start = end;
  }
  pieces.push(source.slice(start));
  return (
    <p className="crater-Markdown-plain">
      {pieces.map((piece, index) => (
        <span key={index}>{piece}</span>
      ))}
    </p>
  );
}

function elements(tokens: Token[] | undefined, depth = 0): React.ReactNode[] {
  return (tokens ?? []).map((token, index) => (
    <React.Fragment key={index}>{element(token as Tokens.Generic, depth)}</React.Fragment>
  ));
}

function element(token: Tokens.Generic, depth: number): React.ReactNode {
  if (depth > 40) {
    return token.raw;
  }
  const inside = () => elements(token.tokens, depth + 1);
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'paragraph':
      return <p>{inside()}</p>;
    case 'heading':
      // The page's own outline stays as it is.
      return (
        <p
          role="heading"
          aria-level={Math.min(6, Number(token.depth) + 3)}
          className={`crater-h${token.depth}`}
        >
          {inside()}
        </p>
      );
    case 'code':
      return <Code text={String(token.text)} language={String(token.lang ?? '')} />;
    case 'blockquote':
      return <blockquote>{inside()}</blockquote>;
    case 'list': {
      const items = (token.items as Tokens.ListItem[]).map((item, index) => (
        <li key={index}>
          {item.task && <input type="checkbox" checked={item.checked} disabled />}
          {elements(item.tokens, depth + 1)}
        </li>
      ));
      return token.ordered ? <ol start={Number(token.start) || 1}>{items}</ol> : <ul>{items}</ul>;
    }
    case 'table':
      return <Table token={token as Tokens.Table} depth={depth} />;
    case 'hr':
      return <hr />;
    case 'strong':
      return <strong>{inside()}</strong>;
    case 'em':
      return <em>{inside()}</em>;
    case 'del':
      return <del>{inside()}</del>;
    case 'codespan':
      return <code>{token.text}</code>;
    case 'br':
      return <br />;
    case 'link': {
      const url = safeUrl(String(token.href));
      return url ? (
        <a href={url} target="_blank" rel="noopener noreferrer nofollow" title={url}>
          {inside()}
        </a>
      ) : (
        <span title={t('This link was left out: it is not an http(s) address.')}>{inside()}</span>
      );
    }
    case 'image': {
      // Never fetched: the request alone would tell a stranger who reads what, and when.
      const url = safeUrl(String(token.href));
      const label = t('image: {name}', { name: String(token.text) || String(token.href) });
      return url ? (
        <a href={url} target="_blank" rel="noopener noreferrer nofollow" title={url}>
          [{label}]
        </a>
      ) : (
        `[${label}]`
      );
    }
    case 'displayFormula':
      return <Formula tex={String(token.text)} display />;
    case 'inlineFormula':
      return <Formula tex={String(token.text)} />;
    case 'escape':
      return String(token.text);
    case 'text':
      return token.tokens ? inside() : String(token.text);
    default:
      // HTML and whatever else there is: as it stands.
      return token.raw;
  }
}

function Table({ token, depth }: { token: Tokens.Table; depth: number }): JSX.Element {
  const cell = (tag: 'th' | 'td') => (cell: Tokens.TableCell, index: number) =>
    React.createElement(
      tag,
      { key: index, style: { textAlign: token.align[index] ?? undefined } },
      ...elements(cell.tokens, depth + 1)
    );
  return (
    <div className="crater-Scroll">
      <table>
        <thead>
          <tr>{token.header.map(cell('th'))}</tr>
        </thead>
        <tbody>
          {token.rows.map((row, index) => (
            <tr key={index}>{row.map(cell('td'))}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Code({ text, language }: { text: string; language: string }): JSX.Element {
  const name = language.split(/\s/)[0];
  return (
    <figure className="crater-Code">
      <figcaption>
        <span>{name}</span>
        <CopyButton value={text} label={t('Copy code')} />
      </figcaption>
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
    </figure>
  );
}
