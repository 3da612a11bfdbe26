import { showAccounts, startAccounts } from './accounts.js';
import { logOut } from './api.js';
import { createCharts } from './charts.js';
import { showExits } from './exits.js';
import { showFailures, startFailures } from './failures.js';
import { showFigures } from './figures.js';
import { hear } from './stream.js';
import { byId, say } from './text.js';

const showCharts = createCharts();
startAccounts();
startFailures();
byId('logout').addEventListener('click', logOut);
hear({
  known: (known) => {
    for (const show of [showFigures, showCharts, showExits, showAccounts, showFailures]) show(known);
  },
  line: (state, text) => {
    byId('line').dataset.state = state;
    say(byId('line'), text);
  },
});
