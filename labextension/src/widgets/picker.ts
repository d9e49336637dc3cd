import * as React from 'react';

import { text } from '../model';
import { Picker } from '../views/Picker';
import { widget } from './mount';

export default widget((model, transport) => ({
  element: React.createElement(Picker, { transport, template: text(model.get('name')) })
}));
