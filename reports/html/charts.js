'use strict';

// soakCharts draws the charts of a run into the elements under root that ask for one: [data-gauge=NAME] and
// [data-latency]. data is the JSON of soak.Charts. It returns what a page needs to go on: update takes newer data of the
// same run, show changes what the charts are over, and redraw takes the colours of the page anew.
const soakCharts = (root, data) => {
  const view = { axis: 'requests', limit: false };
  const drawn = new Map(); // element -> uPlot

  // What samples were taken after, by the letters of Points.kinds; the order is that of the legend.
  const kinds = [
    { letter: 'l', name: 'after load', colour: '--load', size: 6, full: true },
    { letter: 'f', name: 'after a fault', colour: '--fault', size: 7, full: true },
    { letter: 'i', name: 'idle', colour: '--idle', size: 4, full: true },
    { letter: 'd', name: 'drain, no load', colour: '--drain', size: 8 },
    { letter: 'w', name: 'sample', colour: '--load', size: 5, full: true },
    { letter: 'o', name: 'before and after the load', colour: '--other', size: 6 },
    { letter: 's', name: 'at the start', colour: '--other', size: 9 },
  ];

  const probe = document.createElement('span');
  probe.hidden = true;
  document.body.append(probe);
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };

  const two = (n) => String(Math.floor(n)).padStart(2, '0');
  const time = (s) => {
    if (s < 120) return `${+s.toFixed(1)} s`;
    if (s < 7200) return `${Math.floor(s / 60)}:${two(s % 60)} min`;
    return `${Math.floor(s / 3600)}:${two((s % 3600) / 60)} h`;
  };
  const number = (n) => n.toLocaleString('en', { maximumFractionDigits: 1 });
  const along = (x) => (view.axis === 'seconds' ? time(x) : number(x));

  // table merges the columns of the series into rows in the order of x. Several samples may share one x, since idle slots
  // send nothing; uPlot wants each x once, and else leaves out what comes behind the first of the last ones. So each is a
  // little beyond the one before, by less than anybody sees.
  const table = (series) => {
    const rows = [];
    series.forEach(({ xs, ys }, at) => xs.forEach((x, i) => rows.push([x, at, ys[i]])));
    rows.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const little = 1e-12 * Math.max(1, rows.at(-1)?.[0]);
    let last = -Infinity;
    const columns = [rows.map(([x]) => (last = Math.max(x, last + little)))];
    series.forEach((_, at) => columns.push(rows.map((row) => (row[1] === at ? row[2] : null))));
    return columns;
  };

  const line = (name, xs, ys, colour, more) => ({ name, xs, ys, colour, ...more });

  // gaugeSeries are what is drawn of a gauge; own says that the values are its own, which the y axis must hold.
  const gaugeSeries = (gauge) => {
    const scale = gauge.unit === 'bytes' ? 1 / 1048576 : 1;
    const { points, level } = gauge;
    const scaled = (values) => (values ?? []).map((v) => v * scale);
    const xs = points[view.axis] ?? [], ys = scaled(points.values);
    const all = [];
    if (level.values) all.push(line('never released', level[view.axis], scaled(level.values), '--level', { width: 2, steps: true }));
    for (const kind of kinds) {
      const mine = xs.flatMap((_, i) => (points.kinds[i] === kind.letter ? [i] : []));
      if (mine.length > 0) all.push(line(kind.name, mine.map((i) => xs[i]), mine.map((i) => ys[i]), kind.colour, { dots: kind }));
    }
    const fan = gauge.forecast?.[view.axis];
    if (fan) {
      // Up to the limit it goes on as straight as it began.
      const far = view.limit && gauge.limit > fan.best && fan.best > fan.value ? (1.05 * gauge.limit - fan.value) / (fan.best - fan.value) : 1;
      const on = (from, to) => from + far * (to - from);
      const spread = [fan.from, on(fan.from, fan.to)], ends = (end) => scaled([fan.value, on(fan.value, end)]);
      all.push(line('forecast', spread, ends(fan.best), '--forecast', { width: 2.5, dash: [2, 3] }));
      all.push(line('95% low', spread, ends(fan.low), '--forecast', { width: 0.5, silent: true, band: 1 }));
      all.push(line('95% high', spread, ends(fan.high), '--forecast', { width: 0.5, silent: true }));
    }
    return all;
  };

  const latencySeries = (latency) => [
    line('p99', latency[view.axis], latency.p99, '--fault', { width: 1.5, dotted: true }),
    line('p50', latency[view.axis], latency.p50, '--load', { width: 1.5, dotted: true }),
  ];

  // yRange begins at 0 where the values come near to it; the limit is in it where it is near, or asked for.
  const yRange = (series, limit) => {
    let low = Infinity, high = -Infinity;
    for (const { ys } of series) for (const y of ys) { low = Math.min(low, y); high = Math.max(high, y); }
    if (limit && (view.limit || limit < 2 * high)) high = Math.max(Math.min(high, 1.2 * limit), 1.05 * limit);
    if (low > 0 && (low < 0.6 * high || low === high)) low = 0;
    const room = (high - low || 1) * 0.06;
    return [low > 0 ? low - room : low, high + room];
  };

  // shade draws, behind the samples, when faults were there.
  const shade = (u) => {
    const { left, top, width, height } = u.bbox;
    u.ctx.save();
    u.ctx.beginPath();
    u.ctx.rect(left, top, width, height);
    u.ctx.clip();
    u.ctx.fillStyle = colour('--shade');
    for (const fault of data.faults ?? []) {
      const [from, to] = fault[view.axis].map((x) => u.valToPos(x, 'x', true));
      u.ctx.fillRect(from - 1, top, Math.max(to - from, 2) + 1, height);
    }
    u.ctx.restore();
  };

  const across = (u, text, from, to, dash) => {
    u.ctx.save();
    u.ctx.strokeStyle = u.ctx.fillStyle = colour('--limit');
    u.ctx.lineWidth = 2 * devicePixelRatio;
    u.ctx.setLineDash(dash.map((n) => n * devicePixelRatio));
    u.ctx.beginPath();
    u.ctx.moveTo(...from);
    u.ctx.lineTo(...to);
    u.ctx.stroke();
    u.ctx.font = `600 ${12 * devicePixelRatio}px system-ui, sans-serif`;
    u.ctx.textAlign = 'left';
    u.ctx.textBaseline = 'bottom';
    u.ctx.fillText(text, from[0] + 6 * devicePixelRatio, from[1] - 3 * devicePixelRatio);
    u.ctx.restore();
  };

  // lines draws the limit, and the moments at which the run was cut or the server was not up.
  const lines = (limit) => (u) => {
    const { left, top, width, height } = u.bbox;
    if (limit && limit <= u.scales.y.max) {
      const y = u.valToPos(limit, 'y', true);
      across(u, `limit ${number(limit)}`, [left, y], [left + width, y], [16, 4, 3, 4]);
    }
    for (const mark of data.marks ?? []) {
      const x = u.valToPos(mark[view.axis], 'x', true);
      if (x >= left && x <= left + width) across(u, '', [x, top + height], [x, top], [6, 4]);
    }
  };

  const legend = (box, series, gauge) => {
    const entry = (name, colour, shape) => {
      const item = document.createElement('li');
      const swatch = document.createElement('span');
      swatch.className = `swatch ${shape}`;
      swatch.style.color = `var(${colour})`;
      item.append(swatch, name);
      return item;
    };
    const items = series.filter((s) => !s.silent).map((s) => entry(s.name, s.colour, s.dots ? (s.dots.full ? 'full' : 'ring') : s.dash ? 'dotted' : 'bar'));
    if (series.some((s) => s.band)) items.push(entry('95% interval', '--forecast', 'area'));
    if (gauge?.limit) items.push(entry(`limit ${number(gauge.limit)}${gauge.limit > yRange(series, gauge.limit)[1] ? ', above' : ''}`, '--limit', 'limit'));
    const faults = new Map();
    for (const { fault, times } of data.faults ?? []) faults.set(fault, (faults.get(fault) ?? 0) + times);
    const times = ([fault, n]) => `${fault}, ${number(n)} ${n === 1 ? 'time' : 'times'}`;
    if (faults.size > 0) items.push(entry([...faults].map(times).join('; '), '--shade-text', 'area'));
    for (const text of new Set((data.marks ?? []).slice(0, 3).map((mark) => mark.text))) items.push(entry(text, '--limit', 'mark'));
    box.parentElement.querySelector('.legend').replaceChildren(...items);
  };

  const readout = (box, series, u) => {
    const at = u.cursor.idx;
    const line = box.parentElement.querySelector('.readout');
    if (at == null) {
      line.textContent = '';
      return;
    }
    const x = u.data[0][at], said = [];
    series.forEach((s, i) => {
      let near = null; // the newest value of each series at or before the cursor
      for (let k = at; k >= 0 && near == null; k--) near = u.data[i + 1][k];
      if (near != null && (!s.silent || x > s.xs[0])) said.push(`${s.name} ${number(near)}`);
    });
    const mark = (data.marks ?? []).find((m) => Math.abs(u.valToPos(m[view.axis], 'x') - u.cursor.left) < 6);
    line.textContent = `${view.axis === 'seconds' ? 'after ' + time(x) : 'at request ' + number(x)}: ${said.join(', ')}${mark ? '; ' + mark.text : ''}`;
  };

  const axisStyle = () => ({ stroke: colour('--soft'), font: '12px system-ui, sans-serif', grid: { stroke: colour('--grid'), width: 1 }, ticks: { stroke: colour('--grid'), width: 1 } });

  // whole are the steps between the ticks of what is counted.
  const whole = [...Array(10).keys()].flatMap((e) => [1, 2, 5].map((n) => n * 10 ** e));

  const options = (box, series, gauge) => {
    const unit = gauge ? (gauge.unit === 'bytes' ? 'MiB' : gauge.unit) : 'ms';
    return {
      width: Math.max(box.clientWidth, 200), height: box.clientHeight,
      scales: { x: { time: false, range: (_, min, max) => (max - min > 1e-6 ? [min, max] : [0, max || 1]) }, y: { range: () => yRange(series, gauge?.limit) } },
      axes: [
        { ...axisStyle(), values: (_, ticks) => ticks.map(along), label: view.axis === 'seconds' ? 'time of the run' : 'requests', size: 34, labelSize: 18, labelFont: '12px system-ui, sans-serif', space: 70 },
        { ...axisStyle(), values: (_, ticks) => ticks.map(number), incrs: gauge && gauge.unit !== 'bytes' ? whole : undefined, size: box.clientWidth < 500 ? 48 : 62, label: unit, labelSize: 20, labelFont: '12px system-ui, sans-serif' },
      ],
      series: [{}, ...series.map((s) => ({
        label: s.name, stroke: colour(s.colour), width: s.width ?? 0, dash: s.dash, spanGaps: true,
        paths: s.dots ? () => null : s.steps ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.linear(),
        points: s.dots ? { show: true, size: s.dots.size, width: s.dots.full ? 0 : 1.25, stroke: colour(s.colour), fill: s.dots.full ? colour(s.colour) : 'transparent' } : s.dotted ? { show: s.xs.length < 100, size: 5, width: 0, fill: colour(s.colour) } : { show: false },
      }))],
      bands: series.flatMap((s, i) => (s.band ? [{ series: [i + 2, i + 1], fill: colour('--fan') }] : [])),
      legend: { show: false },
      cursor: { y: false, points: { show: false }, sync: { key: 'run' } },
      hooks: { drawClear: [shade], draw: [lines(gauge?.limit)], setCursor: [(u) => readout(box, series, u)] },
    };
  };

  // zoomed is the stretch that a person looks at closer; null is all. What was made just now has no scale yet.
  const zoomed = (u) => {
    const xs = u.data[0], { min, max } = u.scales.x;
    return u.axis === view.axis && min != null && xs.length > 1 && (min > xs[0] || max < xs.at(-1)) ? { min, max } : null;
  };

  const draw = (box) => {
    const old = drawn.get(box), near = old && zoomed(old);
    old?.destroy();
    drawn.delete(box);
    const gauge = data.gauges.find((g) => g.gauge === box.dataset.gauge);
    if (!box.checkVisibility() || (!gauge && !data.latency)) return; // in what is folded away
    const series = gauge ? gaugeSeries(gauge) : latencySeries(data.latency);
    const u = new uPlot(options(box, series, gauge), table(series), box);
    u.axis = view.axis;
    u.read = () => readout(box, series, u);
    if (near) u.setScale('x', near);
    drawn.set(box, u);
    legend(box, series, gauge);
  };

  const boxes = () => root.querySelectorAll('[data-gauge], [data-latency]');
  const redraw = () => boxes().forEach((box) => {
    adopt(box);
    draw(box);
  });

  // look shows a stretch in all charts, as dragging does.
  const look = (min, max) => drawn.forEach((u) => {
    const first = u.data[0][0], last = u.data[0].at(-1);
    u.setScale('x', min <= first && max >= last ? { min: first, max: last } : { min, max });
  });

  // step moves the cursor from sample to sample, and the stretch that is shown with it.
  const step = (u, to) => {
    const xs = u.data[0], last = xs.length - 1, { min, max } = u.scales.x;
    const at = Math.min(last, Math.max(0, (u.cursor.idx ?? (to > 0 ? -1 : last + 1)) + to));
    if (xs[at] < min) look(xs[at], xs[at] + max - min);
    if (xs[at] > max) look(xs[at] - max + min, xs[at]);
    queueMicrotask(() => { // when the stretch is shown
      u.setCursor({ left: u.valToPos(xs[at], 'x'), top: 10 });
      u.cursor.idx = at; // of several samples at one place the one that was stepped to
      u.read();
    });
  };

  // closer shows so much of the stretch that is shown, about the cursor.
  const closer = (u, part) => {
    const xs = u.data[0], { min, max } = u.scales.x, all = xs.at(-1) - xs[0];
    const middle = u.cursor.idx == null ? (min + max) / 2 : xs[u.cursor.idx];
    const from = Math.max(xs[0], middle - part * (middle - min)), to = Math.min(xs.at(-1), middle + part * (max - middle));
    if (to - from > all / 1e4) look(from, to);
  };

  const pressed = (event) => {
    const u = drawn.get(event.currentTarget);
    const to = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity }[event.key];
    const part = { '+': 1 / 2, '=': 1 / 2, '-': 2, 0: Infinity }[event.key];
    if (!u || (!to && !part) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.currentTarget.parentElement.querySelector('.readout').setAttribute('aria-live', 'polite');
    if (to) step(u, to);
    else if (part === Infinity) look(-Infinity, Infinity);
    else closer(u, part);
  };

  root.addEventListener('toggle', (event) => {
    for (const box of event.target.querySelectorAll('[data-gauge], [data-latency]')) if (!drawn.has(box)) draw(box);
  }, true);

  const sized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const u = drawn.get(target);
      if (!u) draw(target);
      else if (target.clientWidth > 0 && target.clientWidth !== u.width) u.setSize({ width: target.clientWidth, height: target.clientHeight });
    }
  });
  // adopt looks after a box that it has not met.
  const met = new WeakSet();
  const adopt = (box) => {
    if (met.has(box)) return;
    met.add(box);
    box.addEventListener('keydown', pressed);
    sized.observe(box);
  };
  boxes().forEach(adopt);

  return {
    redraw,
    show: (wanted) => { Object.assign(view, wanted); redraw(); },
    update: (newer) => { data = newer; redraw(); },
  };
};
