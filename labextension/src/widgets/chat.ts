import * as React from 'react';

import { Chat } from '../views/Chat';
import { CommSession } from './session';
import { widget } from './mount';

export default widget((model, transport) => {
  const session = new CommSession(model, transport);
  return {
    element: React.createElement(Chat, { name: String(model.get('name')), session }),
    dispose: () => session.dispose()
  };
});
