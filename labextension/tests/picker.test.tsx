import * as React from 'react';
import { expect, test } from 'vitest';

import { Available } from '../src/views/Available';
import { Calculator } from '../src/views/Calculator';
import { Connect } from '../src/views/Connect';
import { Form, IParameter, parse, readSchema, REST, show as shown } from '../src/views/Form';
import { Verdict } from '../src/views/Verdict';
import { readPlan } from '../src/model';
import { act } from 'preact/test-utils';
import { after, button, settle, show } from './views';

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

test('the GPUs that a backend has are told and taken', async () => {
  const gpus = [
    { gpu: 'V100-32GB', kind: 'whole', total: 16, free: 5, largest_free: 4 },
    { gpu: 'A100-80GB', kind: 'whole', total: 8, free: null, largest_free: null },
    { gpu: 'A100-80GB MIG 1g.10gb', kind: 'mig', total: 7, free: 7, largest_free: 7 },
    { gpu: null, resource: 'nvidia.com/gpu', kind: 'whole', total: 2, free: 2, largest_free: 2 }
  ];
  const taken: string[] = [];
  const transport = { request: () => Promise.resolve({ capacity: { gpus } }) };
  const root = await show(
    <Available backend="kubernetes" transport={transport as never} onTake={g => taken.push(g)} />
  );
  const texts = [...root.querySelectorAll('button')].map(each => each.textContent);
  expect(texts).toEqual([
    'kubernetes · V100-32GB: 5 of 16 free, 4 on one node',
    'kubernetes · A100-80GB: ? of 8 free, ? on one node'
  ]);
  await after(() => button(root, texts[0]!).click());
  expect(taken).toEqual(['V100-32GB']);
  const silences = [() => Promise.resolve({ capacity: null }), () => Promise.reject(new Error())];
  for (const request of silences) {
    const silent = { request };
    const nothing = await show(
      <Available backend="x" transport={silent as never} onTake={() => undefined} />
    );
    expect(nothing.textContent).toBe('');
  }
});

test('the calculator takes a GPU of the cluster', async () => {
  const asked: unknown[] = [];
  const answers: Record<string, unknown> = {
    'templates.list': { templates: [], backends: ['local', 'kubernetes'] },
    catalog: { gpus: [], models: [] },
    capacity: {
      capacity: { gpus: [{ gpu: 'L40S', kind: 'whole', total: 8, free: 8, largest_free: 8 }] }
    }
  };
  const transport = {
    request: (method: string, params: { gpu?: string }) => {
      if (method === 'size') {
        asked.push(params.gpu);
      }
      return Promise.resolve(answers[method] ?? {});
    }
  };
  const root = await show(<Calculator transport={transport as never} />);
  await after(() => button(root, 'kubernetes · L40S: 8 of 8 free, 8 on one node').click());
  await act(() => settle(REST + 100));
  expect(asked[asked.length - 1]).toBe('L40S');
});
