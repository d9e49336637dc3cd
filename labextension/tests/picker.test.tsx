import * as React from 'react';
import { expect, test } from 'vitest';

import { Connect } from '../src/views/Connect';
import { Form, IParameter, parse, readSchema, show as shown } from '../src/views/Form';
import { Verdict } from '../src/views/Verdict';
import { readPlan } from '../src/model';
import { after, button, show } from './views';

const SCHEMA = readSchema({
  properties: {
    len: {
      type: ['integer', 'null'],
      title: 'Context',
      default: 32768,
      ui: { group: 'a', unit: 'tokens', order: 1 }
    },
    dtype: {
      type: 'string',
      title: 'Type',
      enum: ['auto', 'half'],
      default: 'half',
      ui: { group: 'a' }
    },
    env: {
      type: 'object',
      title: 'Env',
      default: {},
      ui: { group: 'b', advanced: true, order: 3 }
    },
    eager: { type: 'boolean', title: 'Eager', default: false, ui: { group: 'b', order: 2 } }
  },
  ui: {
    groups: [
      { id: 'a', title: 'Model' },
      { id: 'b', title: 'More' }
    ]
  }
});
const [, LEN, , ENV] = SCHEMA.parameters;

test('what is typed has the type of its parameter, or stays text to be refused', () => {
  const cases: [string, IParameter, unknown][] = [
    ['12', LEN, 12],
    ['', LEN, null],
    ['many', LEN, 'many'],
    ['{"A": "1"}', ENV, { A: '1' }],
    ['{', ENV, '{']
  ];
  for (const [typed, parameter, value] of cases) {
    expect(parse(typed, parameter)).toEqual(value);
    expect(parse(shown(value), parameter)).toEqual(value);
  }
});

test('the form: groups in order, defaults, errors where they belong', async () => {
  const root = await show(
    <Form
      schema={SCHEMA}
      values={{ len: 'many' }}
      errors={{ len: 'has to be a whole number', env: 'no' }}
      suggestions={{}}
      onChange={() => undefined}
    />
  );
  expect([...root.querySelectorAll('legend')].map(each => each.textContent)).toEqual([
    'Model',
    'More'
  ]);
  const field = root.querySelector('[data-parameter=len]')!;
  expect(field.querySelector('input')!.value).toBe('many');
  expect(field.querySelector('[role=alert]')?.textContent).toContain('whole number');
  expect(root.querySelector('select')!.value).toBe('half');
  // An error in a folded group opens it.
  expect(root.querySelector('details')!.open).toBe(true);
});

test('a fix changes the fields it names', async () => {
  const plan = readPlan({
    fits: true,
    legal: false,
    findings: [
      { rule: 'i', severity: 'info', message: 'by the way', fixes: [] },
      {
        rule: 'd',
        severity: 'error',
        message: 'no',
        fixes: [{ label: 'Use half', set: { dtype: 'half' } }]
      }
    ]
  });
  const sets: object[] = [];
  const root = await show(<Verdict plan={plan} onFix={set => sets.push(set)} />);
  expect(root.textContent).toContain('would not start');
  expect(root.querySelector('li')!.textContent).toContain('no');
  await after(() => button(root, 'Use half').click());
  expect(sets).toEqual([{ dtype: 'half' }]);
});

test('a client connects to the engine that serves, unless another is typed', async () => {
  const status = (name: string, phase: string, endpoint: string, api_url: string | null) => ({
    name,
    phase,
    api_url,
    endpoints: [{ name: endpoint, port: 1, url: null }]
  });
  const jobs = [
    status('starts', 'loading-weights', 'api', null),
    status('page', 'serving', 'web', null),
    status('answers', 'serving', 'api', 'http://127.0.0.1:1')
  ];
  const transport = {
    request: () => Promise.resolve({ jobs }),
    stream: () => Promise.resolve(),
    subscribe: () => () => undefined
  };
  const chosen: string[] = [];
  const connect = (value: string) => (
    <Connect
      backend="local"
      transport={transport as never}
      value={value}
      onChange={name => chosen.push(name)}
    />
  );
  await show(connect(''));
  expect(chosen).toEqual(['answers']);
  const root = await show(connect('http://127.0.0.1:9/v1'));
  expect(chosen).toEqual(['answers']);
  expect([...root.querySelectorAll('option')].map(each => each.value)).toEqual(['answers']);
});
