import * as React from 'react';

import { text } from '../model';
import { Jobs } from '../views/Jobs';
import { widget } from './mount';

export default widget((model, transport) => ({
  element: React.createElement(Jobs, { transport, chosen: text(model.get('name')) })
}));
