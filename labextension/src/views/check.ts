import * as React from 'react';

import { IPlan, IRehearsal, list, readPlan, readStatus, record, text } from '../model';
import { REST } from './Form';
import { CraterError, ITransport } from './transport';

/** What the far side says of the values as they are. */
export interface ICheck {
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

/** Asks when typing rests; an answer that was overtaken is thrown away. */
export function useCheck(transport: ITransport, params: object) {
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
