import type * as React from 'react';
import { render } from 'preact/compat';
import { act } from 'preact/test-utils';

/** Renders into a fresh element of the page; effects and promises have run. */
export async function show(element: React.ReactElement): Promise<HTMLElement> {
  const root = document.createElement('div');
  document.body.replaceChildren(root);
  await after(() => render(element as never, root));
  return root;
}

/** Does something, then waits for what follows from it. */
export async function after(action: () => void): Promise<void> {
  // Effects run when an act ends; what they ask for is answered in the next.
  await act(action);
  await act(() => settle());
}

export function settle(milliseconds = 40): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}

export function button(root: HTMLElement, label: string): HTMLButtonElement {
  const found = [...root.querySelectorAll('button')].find(
    each => each.textContent === label || each.getAttribute('aria-label') === label
  );
  if (!found) {
    throw new Error(`no button ${label} in ${root.textContent}`);
  }
  return found;
}
