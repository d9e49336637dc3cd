import * as React from 'react';

import { record } from '../model';
import { Calculator } from '../views/Calculator';
import { widget } from './mount';

export default widget((model, transport) => ({
  element: React.createElement(Calculator, { transport, initial: record(model.get('values')) })
}));
