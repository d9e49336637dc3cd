import * as React from 'react';

import { IDiagnosis, IStatus, readDiagnoses, record, text } from '../model';
import { ConfirmButton, ErrorNote } from './controls';
import { copy } from './format';
import { t, told } from './i18n';
import { CraterError, ITransport } from './transport';

interface IProps {
  status: IStatus;
  backend: string;
  transport: ITransport;
  onRelaunched: () => void;
}

/** Why a job failed: cards with evidence, and fixes that start the next attempt. */
export function Diagnoses({ status, backend, transport, onRelaunched }: IProps): JSX.Element {
  const { name, attempt } = status;
  const [cards, setCards] = React.useState<IDiagnosis[] | null>(null);
  const [values, setValues] = React.useState<Record<string, unknown>>({});
  const [error, setError] = React.useState<CraterError | null>(null);

  React.useEffect(() => {
    let alive = true;
    setCards(null);
    transport.request('job.diagnose', { name, backend }).then(
      answer => {
        if (alive) {
          setCards(readDiagnoses(answer));
          setValues(record(record(answer).values));
        }
      },
      reason => alive && setError(CraterError.from(reason))
    );
    return () => {
      alive = false;
    };
  }, [name, backend, transport, attempt]);

  const relaunch = (set: Record<string, unknown>) => {
    setError(null);
    transport
      .request('job.relaunch', { name, backend, values: set })
      .then(onRelaunched, reason => setError(CraterError.from(reason)));
  };

  return (
    <section aria-label={t('Diagnosis')} className="crater-Diagnoses">
      <h4>{t('Diagnosis')}</h4>
      {cards === null && !error && <p className="crater-dim">{t('Reading the logs …')}</p>}
      {cards?.length === 0 && (
        <p className="crater-dim">{t('Nothing in events and logs says why.')}</p>
      )}
      {cards?.map((card, index) => (
        <Card key={card.id} card={card} first={index === 0} values={values} onApply={relaunch} />
      ))}
      <Report name={name} backend={backend} transport={transport} />
      <ErrorNote error={error} />
    </section>
  );
}

function Card(props: {
  card: IDiagnosis;
  first: boolean;
  values: Record<string, unknown>;
  onApply: (set: Record<string, unknown>) => void;
}): JSX.Element {
  const { card, values } = props;
  return (
    <details className="crater-Card crater-Diagnosis" open={props.first} data-id={card.id}>
      <summary>
        <strong>{told(card.title)}</strong> <span className="crater-dim">{sureness(card)}</span>
      </summary>
      <p>{told(card.explanation)}</p>
      <pre tabIndex={0} aria-label={t('Evidence')}>
        {card.evidence.map(each => `${each.task ? `${each.task}: ` : ''}${each.line}`).join('\n')}
      </pre>
      <ul>
        {card.fixes.map(fix => {
          const changes = Object.entries(fix.set);
          return (
            <li key={fix.label}>
              {label(fix.label)}{' '}
              {changes.length > 0 && (
                <ConfirmButton
                  label={t('Apply and relaunch')}
                  question={changes
                    .map(([key, to]) => `${key}: ${said(values, key)} → ${text(to) || '–'}`)
                    .join(', ')}
                  onConfirm={() => props.onApply(fix.set)}
                />
              )}
            </li>
          );
        })}
      </ul>
    </details>
  );
}

/** What can't be set here stands behind the label as `[name = value]`: no text of a dictionary. */
function label(english: string): string {
  const [, words, settings = ''] = /^(.*?)( \[\w+ = .*\])?$/s.exec(english)!;
  return told(words) + settings;
}

function said(values: Record<string, unknown>, key: string): string {
  return key in values ? text(values[key]) || '–' : t('(default)');
}

function sureness(card: IDiagnosis): string {
  return { high: t('certain'), medium: t('likely'), low: t('possible') }[card.confidence];
}

/** A redacted bundle for whoever helps. */
function Report(props: { name: string; backend: string; transport: ITransport }): JSX.Element {
  const { name, backend, transport } = props;
  const [note, setNote] = React.useState('');
  const take = () =>
    transport
      .request('job.report', { name, backend })
      .then(answer => copy(text(record(answer).text)))
      .then(
        () => setNote(t('Copied')),
        reason => setNote(CraterError.from(reason).message)
      );
  return (
    <p>
      <button className="crater-Button" onClick={() => void take()}>
        {t('Copy report')}
      </button>{' '}
      <span role="status" className="crater-dim">
        {note}
      </span>
    </p>
  );
}
