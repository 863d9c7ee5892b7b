{
  const charts = soakCharts(document, JSON.parse(document.getElementById('data').textContent));
  const switches = document.getElementById('switches');
  const chosen = () => ({ axis: switches.elements.axis.value, limit: switches.elements.limit.checked });
  switches.addEventListener('change', () => charts.show(chosen()));
  charts.show(chosen());

  const theme = document.getElementById('theme');
  const wear = (name) => {
    document.documentElement.dataset.theme = name;
    charts.redraw();
  };
  theme.addEventListener('change', () => wear(theme.value));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', charts.redraw);

  // Paper is white, and has no folds.
  let folded = [];
  addEventListener('beforeprint', () => {
    folded = [...document.querySelectorAll('details:not([open])')];
    folded.forEach((part) => { part.open = true; });
    wear('light');
  });
  addEventListener('afterprint', () => {
    folded.forEach((part) => { part.open = false; });
    wear(theme.value);
  });
}
