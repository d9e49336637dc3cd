import * as React from 'react';

import { t } from './i18n';
import type { ISettings } from './session';

interface INumber {
  key: 'temperature' | 'top_p' | 'max_tokens' | 'seed';
  label: string;
  min?: number;
  max?: number;
  whole?: boolean;
}

/** What goes with each request; empty fields are left to the engine. */
export function ChatSettings(props: {
  settings: ISettings;
  onChange: (settings: ISettings) => void;
}): JSX.Element {
  const { settings, onChange } = props;
  const fields: INumber[] = [
    { key: 'temperature', label: t('Temperature'), min: 0, max: 2 },
    { key: 'top_p', label: t('Top-p'), min: 0, max: 1 },
    { key: 'max_tokens', label: t('Most tokens of an answer'), min: 1, whole: true },
    { key: 'seed', label: t('Seed'), whole: true }
  ];
  return (
    <fieldset className="crater-ChatSettings">
      <label className="crater-Field crater-mod-wide">
        <span>{t('System prompt')}</span>
        <textarea
          rows={2}
          value={settings.system}
          onChange={event => onChange({ ...settings, system: event.currentTarget.value })}
        />
      </label>
      {fields.map(field => (
        <NumberField
          key={field.key}
          field={field}
          value={settings[field.key]}
          onChange={value => onChange({ ...settings, [field.key]: value })}
        />
      ))}
    </fieldset>
  );
}

function NumberField(props: {
  field: INumber;
  value: number | null;
  onChange: (value: number | null) => void;
}): JSX.Element {
  const { label, min, max, whole } = props.field;
  const [typed, setTyped] = React.useState(props.value === null ? '' : String(props.value));
  const legal = (text: string) => {
    const value = Number(text);
    return (
      text.trim() === '' ||
      (Number.isFinite(value) &&
        (!whole || Number.isInteger(value)) &&
        (min === undefined || value >= min) &&
        (max === undefined || value <= max))
    );
  };
  return (
    <label className="crater-Field">
      <span>{label}</span>
      <input
        inputMode="decimal"
        value={typed}
        placeholder={t("the engine's own")}
        aria-invalid={!legal(typed)}
        onChange={event => {
          const next = event.currentTarget.value;
          setTyped(next);
          if (legal(next)) {
            props.onChange(next.trim() === '' ? null : Number(next));
          }
        }}
      />
      {!legal(typed) && (
        <em className="crater-Field-error">
          {max !== undefined
            ? t('a number from {min} to {max}', { min: min ?? 0, max })
            : t('a whole number')}
        </em>
      )}
    </label>
  );
}
