import * as React from 'react';

import { list, readStatus, record } from '../model';
import { t } from './i18n';
import { isPage } from './OpenPage';
import { ITransport } from './transport';

/** Which job, or which address, a client talks to: the newest engine that serves, unless told. */
export function Connect(props: {
  backend: string;
  transport: ITransport;
  value: string;
  onChange: (value: string) => void;
}): JSX.Element {
  const { backend, transport, value, onChange } = props;
  const [engines, setEngines] = React.useState<string[]>([]);
  const id = React.useId();
  const typed = React.useRef(value);
  typed.current = value;
  React.useEffect(() => {
    let alive = true;
    transport.request('jobs.list', { backend }).then(
      answer => {
        if (alive) {
          const found = list(record(answer).jobs)
            .map(readStatus)
            .filter(status => status.phase === 'serving' && !isPage(status))
            .map(status => status.name);
          setEngines(found);
          if (!typed.current && found[0]) {
            onChange(found[0]);
          }
        }
      },
      () => undefined // a name can be typed all the same
    );
    return () => {
      alive = false;
    };
    // Asked again for another backend only, not for each new `onChange`.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [backend, transport]);
  return (
    <label className="crater-Field">
      <span>{t('Connect to')}</span>
      <input
        value={value}
        list={id}
        placeholder={t('A job, or http://HOST:PORT/v1')}
        spellCheck={false}
        onChange={event => onChange(event.currentTarget.value.trim())}
      />
      <datalist id={id}>
        {engines.map(engine => (
          <option key={engine} value={engine} />
        ))}
      </datalist>
    </label>
  );
}
