import * as React from 'react';

import { IRehearsal, list, readPlan, record, text } from '../model';
import { Available } from './Available';
import { useCheck } from './check';
import { Command } from './Command';
import { Connect } from './Connect';
import { CopyButton, ErrorNote, Root } from './controls';
import { Form, ISchema, readSchema, show, Values } from './Form';
import { language, t, told } from './i18n';
import { JobView } from './JobView';
import { Templates, useTemplates } from './Templates';
import { CraterError, ITransport } from './transport';
import { Findings, Verdict } from './Verdict';

/** Choose a template, set it, see whether it fits, launch it. */
export function Picker(props: {
  transport: ITransport;
  template?: string;
  onLaunched?: (name: string, backend: string) => void;
}): JSX.Element {
  const { transport } = props;
  const { cards, backends, error } = useTemplates(transport);
  const [chosen, choose] = React.useState(props.template ?? '');

  if (chosen) {
    return (
      <Root className="crater-Picker">
        <button className="crater-Button crater-mod-quiet" onClick={() => choose('')}>
          ← {t('All templates')}
        </button>
        {(cards || error) && (
          <Launch
            key={chosen}
            id={chosen}
            backends={backends}
            transport={transport}
            onLaunched={props.onLaunched}
          />
        )}
      </Root>
    );
  }
  return (
    <Root className="crater-Picker">
      <Templates title={t('Choose a template')} cards={cards} error={error} onChoose={choose} />
    </Root>
  );
}

function Launch(props: {
  id: string;
  backends: string[];
  transport: ITransport;
  onLaunched?: (name: string, backend: string) => void;
}): JSX.Element {
  const { id, backends, transport } = props;
  const [schema, setSchema] = React.useState<ISchema | null>(null);
  const [title, setTitle] = React.useState('');
  const [client, setClient] = React.useState(false);
  const [connect, setConnect] = React.useState('');
  const [suggestions, setSuggestions] = React.useState<Record<string, string[]>>({});
  const [values, setValues] = React.useState<Values>({});
  const [name, setName] = React.useState('');
  const [backend, setBackend] = React.useState(backends[0] ?? '');
  const [shown, setShown] = React.useState<'' | 'code' | 'manifest'>('');
  const [failure, setFailure] = React.useState<CraterError | null>(null);
  const [working, setWorking] = React.useState(false);
  const [launched, setLaunched] = React.useState<{ name: string; backend: string } | null>(null);

  React.useEffect(() => {
    let alive = true;
    const fail = (reason: unknown) => alive && setFailure(CraterError.from(reason));
    transport.request('template.get', { id, language: language() }).then(value => {
      if (alive) {
        const data = record(value);
        setSchema(readSchema(data.schema));
        setTitle(text(record(data.template).title));
        setClient(record(data.template).kind === 'client');
      }
    }, fail);
    transport.request('catalog', {}).then(value => {
      if (alive) {
        const data = record(value);
        setSuggestions({ gpu: list(data.gpus).map(text), model: list(data.models).map(text) });
      }
    }, fail);
    return () => {
      alive = false;
    };
  }, [id, transport]);

  const { check, checking } = useCheck(transport, { id, values, name, backend, connect });
  const change = (set: Values) =>
    setValues(before => {
      const next = { ...before, ...set };
      for (const parameter of schema?.parameters ?? []) {
        // A default that is typed is still the default.
        if (parameter.name in next && show(next[parameter.name]) === show(parameter.initial)) {
          delete next[parameter.name];
        }
      }
      return next;
    });
  const fix = (set: Values) => {
    const known = new Set(schema?.parameters.map(parameter => parameter.name));
    change(Object.fromEntries(Object.entries(set).filter(([key]) => known.has(key))));
  };
  const launch = (force: boolean) => {
    setWorking(true);
    setFailure(null);
    transport
      .request('launch', { id, values, name, backend, connect, force })
      .then(
        value => {
          const data = record(value);
          const job = { name: text(data.name), backend: text(data.backend) };
          setLaunched(job);
          props.onLaunched?.(job.name, job.backend);
        },
        reason => setFailure(CraterError.from(reason))
      )
      .finally(() => setWorking(false));
  };

  if (!schema) {
    return failure ? <ErrorNote error={failure} /> : <p>{t('Loading …')}</p>;
  }
  const wrong = Object.keys(check?.errors ?? {}).length;
  const unfit = !!check?.plan && (!check.plan.fits || !check.plan.legal) && backend !== 'local';
  const text_ = shown === 'code' ? check?.code : JSON.stringify(check?.manifest, null, 2);
  return (
    <>
      <h3>{title}</h3>
      <div className="crater-Picker-columns">
        <div>
          <div className="crater-Form-fields">
            <label className="crater-Field">
              <span>{t('Name')}</span>
              <input
                value={name}
                placeholder={id}
                spellCheck={false}
                onChange={event => setName(event.currentTarget.value)}
              />
            </label>
            {backends.length > 1 && (
              <label className="crater-Field">
                <span>{t('Where')}</span>
                <select value={backend} onChange={event => setBackend(event.currentTarget.value)}>
                  {backends.map(each => (
                    <option key={each} value={each}>
                      {each}
                    </option>
                  ))}
                </select>
              </label>
            )}
            {backend !== 'local' && schema.parameters.some(({ name }) => name === 'gpu') && (
              <Available
                key={backend}
                backend={backend}
                transport={transport}
                onTake={gpu => change({ gpu })}
              />
            )}
            {client && (
              <Connect
                backend={backend}
                transport={transport}
                value={connect}
                onChange={setConnect}
              />
            )}
          </div>
          <Form
            schema={schema}
            values={values}
            errors={check?.errors ?? {}}
            suggestions={suggestions}
            onChange={(key, value) => change({ [key]: value })}
          />
        </div>
        <div className="crater-Picker-side" aria-busy={checking}>
          {check?.plan && <Verdict plan={check.plan} onFix={fix} />}
          {check && !check.plan && !wrong && (
            <p className="crater-dim">{t('Its memory can’t be told from what is known.')}</p>
          )}
          {wrong > 0 && (
            <div className="crater-Note crater-mod-error" role="status">
              {t('{count} values are wrong: see the fields.', { count: wrong })}
            </div>
          )}
          {check?.refusal && (
            <>
              <ErrorNote error={check.refusal} />
              {!check.plan && (
                <Findings
                  findings={readPlan({ findings: check.refusal.data.findings }).findings}
                  onFix={fix}
                />
              )}
            </>
          )}
          {check && check.rehearsal.length > 0 && <Announcement changes={check.rehearsal} />}
        </div>
      </div>
      <Command
        transport={transport}
        id={id}
        values={values}
        command={check?.command ?? ''}
        onParsed={change}
      />
      <ErrorNote error={failure} />
      <footer className="crater-Bar">
        <button
          className="crater-Button crater-mod-accept"
          disabled={working || checking || wrong > 0 || unfit || !!check?.refusal}
          onClick={() => launch(false)}
        >
          {working
            ? t('Launching …')
            : check?.rehearsal.length
              ? t('Launch the rehearsal')
              : t('Launch')}
        </button>
        {unfit && (
          <button className="crater-Button" disabled={working} onClick={() => launch(true)}>
            {t('Launch all the same')}
          </button>
        )}
        {(['code', 'manifest'] as const).map(each => (
          <button
            key={each}
            className="crater-Button"
            aria-expanded={shown === each}
            onClick={() => setShown(shown === each ? '' : each)}
          >
            {each === 'code' ? t('As code') : t('Show manifest')}
          </button>
        ))}
      </footer>
      {shown && text_ && (
        <figure className="crater-Code">
          <figcaption>
            <span>{shown === 'code' ? 'python' : 'json'}</span>
            <CopyButton value={text_} label={t('Copy code')} />
          </figcaption>
          <pre tabIndex={0}>{text_}</pre>
        </figure>
      )}
      {launched && (
        <JobView
          key={launched.name}
          name={launched.name}
          backend={launched.backend}
          transport={transport}
          onDeleted={() => setLaunched(null)}
        />
      )}
    </>
  );
}

/** Said before the launch, not found out after it. */
function Announcement({ changes }: { changes: IRehearsal[] }): JSX.Element {
  return (
    <details className="crater-Note crater-mod-warning" open>
      <summary>
        {t('This machine is not the cluster: it will be a rehearsal ({count} changes).', {
          count: changes.length
        })}
      </summary>
      <ul>
        {changes.map(change => (
          <li key={change.setting}>
            {change.setting}: {change.asked || '–'} → <b>{told(change.used) || '–'}</b>{' '}
            <span className="crater-dim">{told(change.because)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
