import * as React from 'react';

import { list, record, text } from '../model';
import { t } from './i18n';
import { randomId } from './transport';

/** Typing rests so long before the far side is asked, ms. */
export const REST = 200;

export type Values = Record<string, unknown>;

/** A parameter of a template: JSON Schema with `ui` (group, order, unit, advanced, suggest). */
export interface IParameter {
  name: string;
  title: string;
  help: string;
  types: string[];
  choices: unknown[] | null;
  initial: unknown;
  example: string;
  group: string;
  order: number;
  unit: string;
  advanced: boolean;
  suggest: string;
}

export interface ISchema {
  groups: { id: string; title: string }[];
  parameters: IParameter[];
}

export function readSchema(value: unknown): ISchema {
  const schema = record(value);
  const parameters = Object.entries(record(schema.properties)).map(([name, raw]) => {
    const data = record(raw);
    const ui = record(data.ui);
    const examples = list(data.examples);
    return {
      name,
      title: text(data.title) || name,
      help: text(data.description),
      types: Array.isArray(data.type) ? data.type.map(text) : [text(data.type)],
      choices: Array.isArray(data.enum) ? data.enum : null,
      initial: data.default ?? null,
      example: examples.length ? show(examples[0]) : '',
      group: text(ui.group),
      order: Number(ui.order) || 0,
      unit: text(ui.unit),
      advanced: ui.advanced === true,
      suggest: text(ui.suggest)
    };
  });
  return {
    groups: list(record(schema.ui).groups).map(item => {
      const group = record(item);
      return { id: text(group.id), title: text(group.title) };
    }),
    parameters: parameters.sort((a, b) => a.order - b.order)
  };
}

/** As it stands in its field. */
export function show(value: unknown): string {
  return value === null || value === undefined
    ? ''
    : typeof value === 'string'
      ? value
      : JSON.stringify(value);
}

/**
 * What was typed, in the type of the parameter; what can't be that type stays text, which the far
 * side then refuses in its own words: one set of rules, there.
 */
export function parse(typed: string, parameter: IParameter): unknown {
  const { types } = parameter;
  if (typed.trim() === '' && types.includes('null')) {
    return null;
  }
  if (types.includes('integer') || types.includes('number')) {
    const value = Number(typed);
    return typed.trim() !== '' && Number.isFinite(value) ? value : typed;
  }
  if (types.includes('object') || types.includes('array')) {
    try {
      return JSON.parse(typed) as unknown;
    } catch {
      return typed;
    }
  }
  return typed;
}

export interface IFormProps {
  schema: ISchema;
  /** The given values only: what isn't here has its default. */
  values: Values;
  /** Parameter → what is wrong with it. */
  errors: Record<string, string>;
  suggestions: Record<string, string[]>;
  onChange: (name: string, value: unknown) => void;
}

/** A template's form, made from its schema. */
export function Form({ schema, ...rest }: IFormProps): JSX.Element {
  const fields = (each: IParameter[]) =>
    each.map(parameter => <Field key={parameter.name} parameter={parameter} {...rest} />);
  return (
    <div className="crater-Form">
      {schema.groups.map(group => {
        const all = schema.parameters.filter(parameter => parameter.group === group.id);
        const folded = all.filter(parameter => parameter.advanced);
        // Folded or not, nobody should have to look for what is wrong.
        const open = folded.some(parameter => parameter.name in rest.errors);
        return (
          all.length > 0 && (
            <fieldset key={group.id}>
              <legend>{group.title}</legend>
              <div className="crater-Form-fields">
                {fields(all.filter(parameter => !parameter.advanced))}
              </div>
              {folded.length > 0 && (
                <details open={open || undefined}>
                  <summary>{t('Advanced ({count})', { count: folded.length })}</summary>
                  <div className="crater-Form-fields">{fields(folded)}</div>
                </details>
              )}
            </fieldset>
          )
        );
      })}
    </div>
  );
}

function Field(props: Omit<IFormProps, 'schema'> & { parameter: IParameter }): JSX.Element {
  const { parameter, values, errors, onChange } = props;
  const { name } = parameter;
  // Not useId: Preact begins anew in each widget of a page, and labels would name another's fields.
  const [id] = React.useState(() => `crater-${randomId()}`);
  const value = name in values ? values[name] : parameter.initial;
  const error = errors[name];
  const change = (next: unknown) => onChange(name, next);
  const common = {
    id,
    name,
    'aria-invalid': !!error,
    'aria-describedby': `${id}-help`
  };
  let control: React.ReactNode;
  if (parameter.types.includes('boolean')) {
    control = (
      <input
        type="checkbox"
        {...common}
        checked={value === true}
        onChange={event => change(event.currentTarget.checked)}
      />
    );
  } else if (parameter.choices) {
    control = (
      <select
        {...common}
        value={show(value)}
        onChange={event =>
          change(parameter.choices!.find(each => show(each) === event.currentTarget.value))
        }
      >
        {parameter.choices.map(each => (
          <option key={show(each)} value={show(each)}>
            {show(each) || t('(none)')}
          </option>
        ))}
      </select>
    );
  } else {
    control = <TextInput {...props} value={value} common={common} listId={`${id}-list`} />;
  }
  return (
    <div className="crater-Field" data-parameter={name}>
      <label htmlFor={id}>
        {parameter.title}
        {parameter.unit && <span className="crater-dim"> ({parameter.unit})</span>}
        {name in values && (
          <button
            className="crater-Button crater-mod-quiet"
            title={t('Back to {value}', { value: show(parameter.initial) || t('(none)') })}
            aria-label={t('Reset {name}', { name: parameter.title })}
            onClick={() => change(parameter.initial)}
          >
            ↺
          </button>
        )}
      </label>
      {control}
      {error && (
        <em className="crater-Field-error" role="alert">
          {error}
        </em>
      )}
      <small id={`${id}-help`} className="crater-dim">
        {parameter.help}
      </small>
    </div>
  );
}

/** Keeps what is typed while it is typed: "0." on its way to 0.9 is not to become 0. */
function TextInput(
  props: Omit<IFormProps, 'schema'> & {
    parameter: IParameter;
    value: unknown;
    common: object;
    listId: string;
  }
): JSX.Element {
  const { parameter, value, onChange, suggestions, listId } = props;
  const [typed, setTyped] = React.useState(show(value));
  if (show(parse(typed, parameter)) !== show(value)) {
    // Changed from outside: a fix, a reset, the command.
    setTyped(show(value));
  }
  const offered = suggestions[parameter.suggest] ?? [];
  return (
    <>
      <input
        {...props.common}
        value={typed}
        placeholder={parameter.example}
        list={offered.length ? listId : undefined}
        spellCheck={false}
        onChange={event => {
          setTyped(event.currentTarget.value);
          onChange(parameter.name, parse(event.currentTarget.value, parameter));
        }}
      />
      {offered.length > 0 && (
        <datalist id={listId}>
          {offered.map(each => (
            <option key={each} value={each} />
          ))}
        </datalist>
      )}
    </>
  );
}
