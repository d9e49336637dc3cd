import * as React from 'react';

import { copy } from './format';
import { t, told } from './i18n';
import type { CraterError } from './transport';

/** Copies `value` (made when it is wanted); says for two seconds that it did, or why not. */
export function CopyButton(props: {
  value: string | (() => string);
  label: string;
  tabIndex?: number;
}): JSX.Element {
  const { value, label } = props;
  const [said, setSaid] = React.useState('');
  React.useEffect(() => {
    const timer = said ? setTimeout(() => setSaid(''), 2000) : undefined;
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <button
      className="crater-Button crater-mod-quiet"
      aria-label={label}
      title={label}
      tabIndex={props.tabIndex}
      onClick={() =>
        void copy(typeof value === 'string' ? value : value()).then(
          () => setSaid(t('Copied')),
          (reason: Error) => setSaid(reason.message)
        )
      }
    >
      <span role="status">{said || t('Copy')}</span>
    </button>
  );
}

/** A button that asks once more before it does something that can't be undone. */
export function ConfirmButton(props: {
  label: string;
  question: string;
  disabled?: boolean;
  onConfirm: () => void;
}): JSX.Element {
  const [asking, setAsking] = React.useState(false);
  if (!asking) {
    return (
      <button className="crater-Button" disabled={props.disabled} onClick={() => setAsking(true)}>
        {props.label}
      </button>
    );
  }
  return (
    <span className="crater-Confirm" role="alertdialog" aria-label={props.question}>
      {props.question}{' '}
      <button
        className="crater-Button crater-mod-danger"
        onClick={() => {
          setAsking(false);
          props.onConfirm();
        }}
      >
        {props.label}
      </button>{' '}
      <button className="crater-Button" autoFocus onClick={() => setAsking(false)}>
        {t('Keep')}
      </button>
    </span>
  );
}

export function ErrorNote({ error }: { error: CraterError | null }): JSX.Element | null {
  return (
    error && (
      <div className="crater-Note crater-mod-error" role="alert">
        {told(error.message)}
        {error.hint && <div className="crater-Note-hint">{told(error.hint)}</div>}
      </div>
    )
  );
}

/** The time now in seconds, renewed every `seconds` while `running`. */
export function useNow(running: boolean, seconds = 1): number {
  const [now, setNow] = React.useState(() => Date.now() / 1000);
  React.useEffect(() => {
    if (!running) {
      return undefined;
    }
    const timer = setInterval(() => setNow(Date.now() / 1000), seconds * 1000);
    return () => clearInterval(timer);
  }, [running, seconds]);
  return now;
}

/** Keys typed in a view stay there: a notebook would take "dd" as "delete this cell". */
export function Root(props: { className: string; children: React.ReactNode }): JSX.Element {
  const root = React.useRef<HTMLElement>(null);
  const [free, setFree] = React.useState(false);
  // In the sidebar and the main area nothing takes single keys, and JupyterLab's shortcuts are meant.
  React.useLayoutEffect(() => setFree(!!root.current?.closest('.crater-Free')), []);
  return (
    // A section, so that its header and footer are its own and not the page's landmarks.
    <section
      ref={root}
      className={`crater ${props.className}`}
      data-lm-suppress-shortcuts={free ? undefined : 'true'}
      onKeyDown={free ? undefined : event => event.stopPropagation()}
    >
      {props.children}
    </section>
  );
}
