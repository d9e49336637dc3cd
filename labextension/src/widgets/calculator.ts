import * as React from 'react';

import { widget } from './mount';

export default widget(() => ({ element: React.createElement('p', null, '') }));
