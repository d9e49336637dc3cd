import * as React from 'react';

import { IPlan, IRehearsal, list, readPlan, readStatus, record, text } from '../model';
import { CopyButton, ErrorNote, Root } from './controls';
import { Form, ISchema, readSchema, REST, show, Values } from './Form';
import { language, t } from './i18n';
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

/** What the far side says of the values as they are. */
interface ICheck {
  errors: Record<string, string>;
  command: string;
  plan: IPlan | null;
  rehearsal: IRehearsal[];
  refusal: CraterError | null;
  code: string;
  manifest: unknown;
}

function readCheck(value: unknown): ICheck {
  const data = record(value);
  return {
    errors: Object.fromEntries(
      list(data.errors).map(item => {
        const error = record(item);
        return [text(error.parameter), [text(error.message), text(error.hint)].join(' ').trim()];
      })
    ),
    command: text(data.command),
    plan: data.plan ? readPlan(data.plan) : null,
    rehearsal: readStatus({ rehearsal: data.rehearsal }).rehearsal,
    refusal: data.refusal ? CraterError.from(data.refusal) : null,
    code: text(data.code),
    manifest: data.manifest ?? null
  };
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

  const { check, checking } = useCheck(transport, { id, values, name, backend });
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
      .request('launch', { id, values, name, backend, force })
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

/** Asks when typing rests; an answer that was overtaken is thrown away. */
function useCheck(transport: ITransport, params: object) {
  const [check, setCheck] = React.useState<ICheck | null>(null);
  const [checking, setChecking] = React.useState(true);
  const key = JSON.stringify(params);
  React.useEffect(() => {
    let alive = true;
    setChecking(true);
    const timer = setTimeout(() => {
      transport.request('template.check', JSON.parse(key) as object).then(
        value => {
          if (alive) {
            setCheck(readCheck(value));
            setChecking(false);
          }
        },
        reason => {
          if (alive) {
            setCheck(before => ({
              ...(before ?? readCheck({})),
              plan: null,
              refusal: CraterError.from(reason)
            }));
            setChecking(false);
          }
        }
      );
    }, REST);
    return () => {
      alive = false;
      clearTimeout(timer);
    };
  }, [transport, key]);
  return { check, checking };
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
            {change.setting}: {change.asked || '–'} → <b>{change.used || '–'}</b>{' '}
            <span className="crater-dim">{change.because}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** The start command in step with the fields, both ways. */
function Command(props: {
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
