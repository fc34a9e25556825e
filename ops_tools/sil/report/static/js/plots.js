// Line plots and timelines, made with uPlot. Nothing here knows of cursors and zoom: see cursor.js.

const LANE_HEIGHT = 24;

function lineRange(shape) {
  const limits = shape.limits.map((limit) => limit.value);
  return (plot, dataLow, dataHigh) => {
    const values = [dataLow, dataHigh, ...limits].filter((value) => value !== null && Number.isFinite(value));
    if (!values.length) return [0, 1];
    let low = Math.min(...values);
    let high = Math.max(...values);
    if (shape.zero) low = Math.min(low, 0);
    const room = (high - low || Math.abs(high) || 1) * 0.07;
    if (!shape.zero || low < 0) low -= room;
    high += room;
    if (shape.ceiling !== null) high = Math.max(Math.min(high, shape.ceiling), dataHigh ?? shape.ceiling);
    return [low, high];
  };
}

function lineOptions(shape, width) {
  return {
    height: shape.height,
    scales: { x: { time: false, auto: false }, y: { range: lineRange(shape) } },
    series: [{}].concat(shape.traces.map((trace) => ({
      label: trace.label,
      width: 1.6,
      stroke: () => tones[trace.tone],
      fill: trace.fill ? () => tones[`${trace.tone}-fill`] : undefined,
      paths: trace.step ? uPlot.paths.stepped({ align: 1 }) : uPlot.paths.linear(),
      points: { show: false },
      spanGaps: false,
    }))),
    axes: [timeAxis(), {
      scale: 'y', size: gutter(width, shape.compact), gap: 6, space: shape.compact ? 28 : 36, font: canvasFont(),
      stroke: () => tones['ink-3'],
      grid: { stroke: () => tones.line, width: 1 },
      ticks: { show: false },
      values: (plot, splits, axis, space, step) => splits.map((value) => decimal(value, step < 1 ? 1 : 0)),
    }],
    hooks: {
      drawClear: [drawShadows],
      draw: [(plot) => drawLimits(plot, shape), drawMarks],
    },
  };
}

function drawLanes(plot, shape) {
  inPlot(plot, (ctx, box, ratio) => {
    const height = box.height / shape.lanes.length;
    shape.lanes.forEach((lane, row) => {
      const top = box.top + row * height;
      ctx.fillStyle = tones.line;
      if (row) ctx.fillRect(box.left, Math.round(top), box.width, ratio);
      ctx.fillStyle = tones[lane.tone];
      for (const [start, end] of lane.spans) {
        const left = plot.valToPos(start, 'x', true);
        const width = Math.max(plot.valToPos(end, 'x', true) - left, 1.5 * ratio);
        if (left > box.left + box.width || left + width < box.left) continue;
        ctx.fillRect(left, top + 0.2 * height, width, 0.6 * height);
      }
    });
  });
}

function laneOptions(shape, width) {
  const count = shape.lanes.length;
  const size = gutter(width, false);
  const labels = (plot) => {
    plot.ctx.font = canvasFont(11 * uPlot.pxRatio);
    return shape.lanes.map((lane) => fitted(plot.ctx, lane.label, (size - 10) * uPlot.pxRatio));
  };
  return {
    height: count * LANE_HEIGHT + 34,
    scales: { x: { time: false, auto: false }, y: { range: () => [0, count] } },
    series: [{}, { show: false }],
    axes: [timeAxis(), {
      scale: 'y', size, gap: 6, font: canvasFont(),
      stroke: () => tones['ink-2'],
      grid: { show: false },
      ticks: { show: false },
      splits: () => shape.lanes.map((lane, row) => count - row - 0.5),
      values: labels,
    }],
    hooks: {
      drawClear: [drawShadows],
      draw: [(plot) => drawLanes(plot, shape), drawMarks],
    },
  };
}

function laneAt(shape, at) {
  const inside = (lane) => {
    const row = lastAtOrBelow(lane.spans.map((span) => span[0]), at);
    return row >= 0 && at <= lane.spans[row][1];
  };
  return shape.lanes.filter(inside).map((lane) => lane.label);
}

// Makes one plot inside its figure; the hooks tell cursor.js what the reader does.
function makePlot(shape, hooks) {
  const figure = document.getElementById(shape.id);
  const place = figure.querySelector('.canvas');
  const width = Math.max(place.clientWidth, 200);
  const options = shape.kind === 'lines' ? lineOptions(shape, width) : laneOptions(shape, width);
  const data = shape.kind === 'lines'
    ? [shape.time, ...shape.traces.map((trace) => trace.values)]
    : [[0, page.span_s], [null, null]];
  const plot = new uPlot({
    ...options,
    width,
    padding: [8, 20, 0, 0],
    legend: { show: false },
    cursor: {
      x: true, y: false,
      drag: { x: true, y: false, setScale: true, dist: 5 },
      points: { size: 6, width: 0, fill: (chart, index) => tones[shape.traces?.[index - 1]?.tone ?? 'ink'] },
      bind: { dblclick: () => () => { hooks.reset(); return null; } },
    },
    hooks: { ...options.hooks, setCursor: [hooks.cursor], setScale: [hooks.scale] },
  }, data, place);
  plot.setScale('x', { min: 0, max: page.span_s });
  return { plot, shape, figure, place };
}
