const at = (id) => document.getElementById(id);
const key = document.body.dataset.key;
const figures = new Map(); // gauge, or '' for the latencies -> figure
let charts, newest, order;

const figure = (gauge) => {
  if (!figures.has(gauge)) {
    const made = at('figure').content.firstElementChild.cloneNode(true);
    const box = made.querySelector('.chart');
    if (gauge) box.dataset.gauge = gauge;
    else box.dataset.latency = '';
    figures.set(gauge, made);
  }
  return figures.get(gauge);
};

const tell = (gauge, title, summary) => {
  const shown = figure(gauge);
  shown.querySelector('h3').textContent = title;
  shown.querySelector('.summary').textContent = summary;
  shown.querySelector('.chart').setAttribute('aria-label', summary);
};

// place puts the charts where the report will have them. They are moved only where there are others than before, since
// what has the focus loses it.
const place = ({ gauges, latency }) => {
  gauges.forEach((g) => tell(g.gauge, g.title, g.summary));
  if (latency) tell('', 'Latency of the batches', latency.summary);
  const wanted = JSON.stringify([gauges.map((g) => g.gauge), !!latency]);
  if (wanted === order) return;
  order = wanted;
  const [first, ...rest] = gauges;
  const judged = rest.filter((g) => g.main).map((g) => figure(g.gauge));
  if (latency) judged.push(figure(''));
  at('lead').replaceChildren(...(first ? [figure(first.gauge)] : []));
  at('judged').replaceChildren(...judged);
  at('others').replaceChildren(...rest.filter((g) => !g.main).map((g) => figure(g.gauge)));
  at('others').parentElement.hidden = rest.every((g) => g.main);
};

const switches = at('switches');
const chosen = () => ({ axis: switches.elements.axis.value, limit: switches.elements.limit.checked });

const entitle = () => { document.title = newest ? `RUNNING: ${newest.phase} - hermes-soak` : 'hermes-soak'; };

const show = () => {
  const { phase, facts, charts: data } = newest;
  at('phase').textContent = phase;
  entitle();
  at('facts').replaceChildren(...facts.map(({ ask, text }) => {
    const row = document.createElement('div'), name = document.createElement('dt'), value = document.createElement('dd');
    name.textContent = ask;
    value.textContent = text;
    row.append(name, value);
    return row;
  }));
  switches.elements.limit.parentElement.hidden = !data.gauges.some((g) => g.limit);
  place(data);
  if (charts) {
    charts.update(data);
    return;
  }
  if (newest.watch) {
    switches.elements.axis.value = 'seconds';
    switches.querySelector('fieldset').hidden = true;
  }
  charts = soakCharts(document, data);
  charts.show(chosen());
};

const state = (text) => {
  if (at('state').textContent !== text) at('state').textContent = text;
  at('state').closest('.verdict').classList.toggle('unknown', text !== 'RUNNING');
};

const theme = at('theme');
theme.addEventListener('change', () => {
  document.documentElement.dataset.theme = theme.value;
  charts?.redraw();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts?.redraw());
switches.addEventListener('change', () => {
  if (newest && !switches.elements.still.checked) show();
  charts?.show(chosen());
});

const events = new EventSource(`/events/${key}`);
const note = at('note'), said = note.textContent;
events.addEventListener('open', () => {
  state('RUNNING');
  note.textContent = said;
  entitle();
});

events.addEventListener('going', (event) => {
  newest = JSON.parse(event.data, (_, value) => (typeof value === 'string' ? value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD') : value));
  if (!switches.elements.still.checked) show();
});

// The report takes the place of this page as it is, so that what is seen is what a file would have; only a link to
// save it is added, since there is nobody left to ask for it.
events.addEventListener('report', (event) => {
  events.close();
  const { run, page } = JSON.parse(event.data);
  const worn = theme.value;
  document.open();
  document.write(page);
  document.close();
  const save = document.createElement('a');
  save.href = URL.createObjectURL(new Blob([page], { type: 'text/html' }));
  save.download = `hermes-soak-${run}.html`;
  save.textContent = 'Save this report';
  document.querySelector('header').append(save);
  at('theme').value = worn;
  at('theme').dispatchEvent(new Event('change'));
  at('main').focus({ preventScroll: true });
  scrollTo(0, 0);
});

// A run that is over, or was killed, is not there to say so.
events.addEventListener('error', () => {
  const gone = 'The run has ended without telling this page, the page was too slow for it, or there are too many of them.';
  state('NO CONNECTION');
  document.title = 'NO CONNECTION - hermes-soak';
  note.textContent = newest ? `${gone} What is drawn is what was seen last. Its report, if it was kept: hermes-soak report --report html=report.html ${document.body.dataset.history}${newest.run}` : gone;
});
