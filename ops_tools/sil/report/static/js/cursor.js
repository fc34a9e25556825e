// One cursor and one zoom for the whole page: what happens on a plot happens on all of them, and on the map.

const CLOSEST_S = 10;
const views = [];
const followers = [];
const zoom = { min: 0, max: page.span_s };
const cursor = { at: null, view: null };
let broadcasting = false;

const clock = {
  box: document.getElementById('clock'),
  met: document.getElementById('clock-met'),
  utc: document.getElementById('clock-utc'),
  reset: document.getElementById('clock-reset'),
};
const tip = element('div', 'tip');
tip.hidden = true;

const zoomed = () => zoom.min > 0 || zoom.max < page.span_s;

function showClock() {
  const active = cursor.at !== null;
  clock.box.hidden = !active && !zoomed();
  clock.reset.hidden = !zoomed();
  clock.met.textContent = active ? met(cursor.at) : `${met(zoom.min)} to ${met(zoom.max)}`;
  clock.utc.textContent = utc(active ? cursor.at : zoom.min);
}

// The sample of a trace nearest to a time, among those the page holds.
function nearest(shape, trace, at) {
  let index = Math.max(lastAtOrBelow(shape.time, at), 0);
  const next = Math.min(index + 1, shape.time.length - 1);
  if (!trace.step && shape.time[next] - at < at - shape.time[index]) index = next;
  return trace.values[index];
}

function readings(shape, at) {
  if (shape.kind === 'lanes') return [{ text: laneAt(shape, at).join(', ') || '\u2013' }];
  return shape.traces.map((trace) => {
    const value = nearest(shape, trace, at);
    const text = value === null || value === undefined ? '\u2013' : decimal(value, shape.digits);
    return { label: trace.label, tone: trace.tone, text, unit: shape.unit };
  });
}

function showLegend(view) {
  const found = cursor.at === null ? null : readings(view.shape, cursor.at);
  for (const slot of view.figure.querySelectorAll('[data-trace]')) {
    slot.dataset.rest ??= slot.textContent;
    slot.textContent = found ? found[slot.dataset.trace].text : slot.dataset.rest;
  }
}

function showTip(view) {
  tip.hidden = cursor.at === null || !view;
  if (tip.hidden) return;
  const rows = readings(view.shape, cursor.at).map(({ label, tone, text, unit }) => {
    const row = element('span', 'row');
    if (tone) row.append(element('i', `swatch bg-${tone}`));
    if (label) row.append(`${label} `);
    row.append(element('b', '', unit ? `${text}\u202f${unit}` : text));
    return row;
  });
  for (const [at, name] of page.marks) {
    if (Math.abs(at - cursor.at) < (zoom.max - zoom.min) / 150) rows.push(element('span', 'row fault', name));
  }
  tip.replaceChildren(element('b', 'met', met(cursor.at)), element('span', 'utc', utc(cursor.at)), ...rows);
  if (tip.parentNode !== view.plot.over) view.plot.over.append(tip);
  const left = view.plot.valToPos(cursor.at, 'x');
  const room = view.plot.over.clientWidth;
  const width = tip.offsetWidth;
  const beside = left + 14 + width > room ? left - 14 - width : left + 14;
  tip.style.transform = `translate(${Math.round(Math.min(Math.max(beside, 0), Math.max(room - width, 0)))}px, 6px)`;
}

// Moves the cursor of every plot to a time; null takes it away.
function showTime(at, from = null) {
  cursor.at = at === null ? null : Math.min(Math.max(at, 0), page.span_s);
  cursor.view = from;
  broadcasting = true;
  for (const view of views) {
    const left = cursor.at === null ? -10 : view.plot.valToPos(cursor.at, 'x');
    const pointed = view === from && view.plot.cursor.event;
    if (!pointed) view.plot.setCursor({ left, top: left < 0 ? -10 : 0 });
    showLegend(view);
  }
  broadcasting = false;
  showTip(from);
  showClock();
  for (const follow of followers) follow(cursor.at);
}

function showRange(min, max) {
  const span = Math.min(Math.max(max - min, CLOSEST_S), page.span_s);
  zoom.min = Math.min(Math.max(min, 0), page.span_s - span);
  zoom.max = zoom.min + span;
  broadcasting = true;
  for (const view of views) view.plot.batch(() => view.plot.setScale('x', { min: zoom.min, max: zoom.max }));
  broadcasting = false;
  showClock();
}

const showAll = () => showRange(0, page.span_s);

// The hooks of one plot. uPlot tells of a drag by a new x scale, and of the pointer by a new cursor.
function hooksOf(shape) {
  const view = () => views.find((each) => each.shape === shape);
  return {
    reset: showAll,
    cursor: (plot) => {
      if (broadcasting || !view()) return;
      const { left } = plot.cursor;
      showTime(left === null || left < 0 ? null : plot.posToVal(left, 'x'), view());
    },
    scale: (plot, key) => {
      if (key !== 'x' || broadcasting || !view()) return;
      const { min, max } = plot.scales.x;
      if (min !== zoom.min || max !== zoom.max) queueMicrotask(() => showRange(min, max));
    },
  };
}

function onKey(event, view) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const span = zoom.max - zoom.min;
  const at = cursor.at ?? zoom.min + span / 2;
  const step = (span / 100) * (event.shiftKey ? 10 : 1);
  const around = (factor) => showRange(at - (at - zoom.min) * factor, at + (zoom.max - at) * factor);
  const actions = {
    ArrowLeft: () => showTime(Math.max(at - step, zoom.min), view),
    ArrowRight: () => showTime(Math.min(at + step, zoom.max), view),
    Home: () => showTime(zoom.min, view),
    End: () => showTime(zoom.max, view),
    '+': () => around(0.5),
    '=': () => around(0.5),
    '-': () => around(2),
    0: showAll,
    Escape: () => { showAll(); showTime(null); },
  };
  const act = actions[event.key];
  if (!act) return;
  event.preventDefault();
  view.plot.cursor.event = null;
  act();
  if (cursor.at !== null) showTime(cursor.at, view);
}
