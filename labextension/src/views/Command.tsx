import * as React from 'react';

import { record, text } from '../model';
import { Values } from './Form';
import { t } from './i18n';
import { CraterError, ITransport } from './transport';

/** The start command in step with the fields, both ways. */
export function Command(props: {
  transport: ITransport;
  id: string;
  values: Values;
  command: string;
  onParsed: (values: Values) => void;
}): JSX.Element | null {
  const { transport, id, values, command, onParsed } = props;
  const [edited, setEdited] = React.useState<string | null>(null);
  const [problem, setProblem] = React.useState('');
  if (!command) {
    return null;
  }
  const apply = () => {
    if (edited === null) {
      return;
    }
    transport.request('template.parse', { id, values, command: edited }).then(
      value => {
        const data = record(value);
        if (data.values) {
          onParsed(record(data.values));
          setEdited(null);
          setProblem('');
        } else {
          setProblem(t('It stays as it was: {why}.', { why: text(data.because) }));
        }
      },
      reason => setProblem(CraterError.from(reason).message)
    );
  };
  return (
    <details className="crater-Command">
      <summary>{t('Start command')}</summary>
      <textarea
        aria-label={t('Start command')}
        rows={6}
        spellCheck={false}
        value={edited ?? command}
        onChange={event => setEdited(event.currentTarget.value)}
      />
      {edited !== null && edited !== command && (
        <div className="crater-Bar">
          <button className="crater-Button crater-mod-accept" onClick={apply}>
            {t('Put into the fields')}
          </button>
          <button
            className="crater-Button"
            onClick={() => {
              setEdited(null);
              setProblem('');
            }}
          >
            {t('Cancel')}
          </button>
        </div>
      )}
      {problem && (
        <div className="crater-Note crater-mod-warning" role="status">
          {problem}
        </div>
      )}
    </details>
  );
}
