import type { Typesetter } from './views/Maths';

/** The typesetter of formulas, asked for by the first one that is seen. */
export const loadMaths = (): Promise<Typesetter> =>
  import('./maths').then(module => module.default);
