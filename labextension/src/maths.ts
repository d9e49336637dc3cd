import temml from 'temml';

import type { Typesetter } from './views/Maths';

/** TeX → MathML, with no link, image, style or class from the formula, and bounded in size. */
const typeset: Typesetter = (tex, into, display) =>
  temml.render(tex, into, {
    displayMode: display,
    throwOnError: true,
    trust: false,
    strict: false,
    maxSize: [20, 20],
    maxExpand: 200
  });

export default typeset;
