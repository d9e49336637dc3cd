import * as React from 'react';

/** Writes the formula into an element as MathML, and throws where it can't read it. */
export type Typesetter = (tex: string, into: HTMLElement, display: boolean) => void;

/** Fetches the typesetter (50 KB) the first time a formula is seen; null: formulas stay TeX. */
export const MathsContext = React.createContext<(() => Promise<Typesetter>) | null>(null);

/** A formula: as TeX until the typesetter is there, and for good where TeX can't be read. */
export function Formula({ tex, display = false }: { tex: string; display?: boolean }): JSX.Element {
  const load = React.useContext(MathsContext);
  const element = React.useRef<HTMLSpanElement>(null);
  const [failed, setFailed] = React.useState(false);

  React.useEffect(() => {
    let alive = true;
    setFailed(false);
    load?.()
      .then(typeset => {
        if (alive && element.current) {
          // Into a node that the view doesn't know, so that it doesn't fight over its children.
          const target = document.createElement('span');
          typeset(tex, target, display);
          element.current.replaceChildren(target);
        }
      })
      .catch(() => alive && setFailed(true));
    return () => {
      alive = false;
    };
  }, [tex, display, load]);

  const className = display ? 'crater-Formula crater-mod-display' : 'crater-Formula';
  return failed || !load ? (
    <code className={className}>{tex}</code>
  ) : (
    <span className={className} ref={element} aria-label={tex} />
  );
}
