import * as React from 'react';

import { list, record, text } from '../model';
import { ErrorNote } from './controls';
import { language, t } from './i18n';
import { CraterError, ITransport } from './transport';

export interface ICard {
  id: string;
  title: string;
  description: string;
}

/** All templates in the page's language, and the backends to choose from. */
export function useTemplates(transport: ITransport) {
  const [cards, setCards] = React.useState<ICard[] | null>(null);
  const [backends, setBackends] = React.useState<string[]>([]);
  const [error, setError] = React.useState<CraterError | null>(null);
  React.useEffect(() => {
    let alive = true;
    transport.request('templates.list', { language: language() }).then(
      value => {
        if (alive) {
          setBackends(list(record(value).backends).map(text));
          setCards(readCards(value));
        }
      },
      reason => alive && setError(CraterError.from(reason))
    );
    return () => {
      alive = false;
    };
  }, [transport]);
  return { cards, backends, error };
}

export function readCards(value: unknown): ICard[] {
  return list(record(value).templates).map(item => {
    const card = record(item);
    return { id: text(card.id), title: text(card.title), description: text(card.description) };
  });
}

/** The templates as cards, with a filter. */
export function Templates(props: {
  cards: ICard[] | null;
  error: CraterError | null;
  title?: string;
  onChoose: (id: string) => void;
}): JSX.Element {
  const [words, setWords] = React.useState('');
  const shown = props.cards?.filter(card =>
    `${card.id} ${card.title} ${card.description}`.toLowerCase().includes(words.toLowerCase())
  );
  return (
    <>
      <header className="crater-Bar">
        {props.title && <strong className="crater-Bar-title">{props.title}</strong>}
        <input
          type="search"
          aria-label={t('Filter the templates')}
          placeholder={t('Filter')}
          value={words}
          onChange={event => setWords(event.currentTarget.value)}
        />
      </header>
      <ErrorNote error={props.error} />
      {!shown && !props.error && <p>{t('Loading …')}</p>}
      {shown?.length === 0 && <p className="crater-dim">{t('No template passes the filter.')}</p>}
      <div className="crater-Cards">
        {shown?.map(card => (
          <button key={card.id} className="crater-Card" onClick={() => props.onChoose(card.id)}>
            <b>{card.title}</b>
            <span>{card.description}</span>
            <small className="crater-dim">{card.id}</small>
          </button>
        ))}
      </div>
    </>
  );
}
