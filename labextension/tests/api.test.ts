import { expect, test } from 'vitest';

import described from '../../docs/openapi.json';
import { ROUTES } from '../src/rest';

interface IOperation {
  operationId: string;
  parameters: { name: string; in: string }[];
}

const paths: Record<string, Record<string, IOperation>> = described.paths;
const operations = Object.entries(paths).flatMap(([path, verbs]) =>
  Object.entries(verbs)
    .filter(([, { operationId }]) => !operationId.startsWith('forward.'))
    .map(([verb, operation]) => ({ path, verb, ...operation }))
);

test('the page knows each route, and no other', () => {
  expect(Object.keys(ROUTES).sort()).toEqual(operations.map(each => each.operationId).sort());
});

test.each(operations)('$operationId goes where the description says', each => {
  const route = ROUTES[each.operationId];
  const given = Object.fromEntries(each.parameters.map(({ name }) => [name, `a-${name}`]));
  const query = each.parameters
    .filter(parameter => parameter.in === 'query')
    .map(({ name }) => `${name}=a-${name}`);
  const place = each.path.replace('/crater/', '').replace(/\{(\w+)\}/g, 'a-$1');
  expect(route.verb.toLowerCase()).toBe(each.verb);
  expect(route.path(given)).toBe([place, ...query].join('?'));
});
