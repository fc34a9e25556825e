// What all plots share: the time axis, its gutter, the eclipse behind and the marks in front.

const NARROW = 560;
const TIME_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 14400, 21600, 43200, 86400, 172800,
  604800,
];
const canvasFont = (size = 11) => `${size}px ${getComputedStyle(document.body).fontFamily}`;

// The gutter is the same for all wide plots, so that times stand in one line down the page.
const gutter = (width, compact) => (compact ? 44 : width < NARROW ? 68 : 88);

function timeAxis() {
  return {
    scale: 'x', side: 2, size: 26, gap: 4, space: 64, font: canvasFont(), incrs: TIME_STEPS,
    stroke: () => tones['ink-3'],
    grid: { show: false },
    ticks: { stroke: () => tones['line-2'], width: 1, size: 4 },
    border: { show: true, stroke: () => tones['line-2'], width: 1 },
    values: (plot, splits, axis, space, step) => splits.map((at) => met(at, step < 60)),
  };
}

function inPlot(plot, draw) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx, bbox, uPlot.pxRatio);
  ctx.restore();
}

function drawShadows(plot) {
  inPlot(plot, (ctx, box) => {
    for (const [start, end, light] of page.shadows) {
      const left = plot.valToPos(start, 'x', true);
      const width = Math.max(plot.valToPos(end, 'x', true) - left, 1);
      if (left > box.left + box.width || left + width < box.left) continue;
      ctx.fillStyle = tones[`shade-${light}`];
      ctx.fillRect(left, box.top, width, box.height);
    }
  });
}

function drawMarks(plot) {
  inPlot(plot, (ctx, box, ratio) => {
    ctx.strokeStyle = ctx.fillStyle = tones.warn;
    ctx.lineWidth = ratio;
    ctx.setLineDash([1.5 * ratio, 3.5 * ratio]);
    for (const [at] of page.marks) {
      const x = Math.round(plot.valToPos(at, 'x', true)) + 0.5;
      ctx.globalAlpha = 0.7;
      ctx.beginPath();
      ctx.moveTo(x, box.top);
      ctx.lineTo(x, box.top + box.height);
      ctx.stroke();
      ctx.globalAlpha = 1;
      ctx.beginPath();
      ctx.moveTo(x - 4 * ratio, box.top);
      ctx.lineTo(x + 4 * ratio, box.top);
      ctx.lineTo(x, box.top + 6 * ratio);
      ctx.fill();
    }
  });
}

function drawLimits(plot, shape) {
  inPlot(plot, (ctx, box, ratio) => {
    ctx.strokeStyle = ctx.fillStyle = tones.bad;
    ctx.lineWidth = 1.25 * ratio;
    ctx.font = canvasFont(11 * ratio);
    ctx.textAlign = 'right';
    for (const { value, label } of shape.limits) {
      const y = Math.round(plot.valToPos(value, 'y', true)) + 0.5;
      const above = y - box.top > 20 * ratio;
      ctx.setLineDash([6 * ratio, 4 * ratio]);
      ctx.beginPath();
      ctx.moveTo(box.left, y);
      ctx.lineTo(box.left + box.width, y);
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.textBaseline = above ? 'bottom' : 'top';
      ctx.fillText(label, box.left + box.width - 4 * ratio, y + (above ? -2 : 3) * ratio);
    }
  });
}

// Shortens a text to a width by cutting its end.
function fitted(ctx, text, width) {
  if (ctx.measureText(text).width <= width) return text;
  let cut = text;
  while (cut.length > 1 && ctx.measureText(`${cut}\u2026`).width > width) cut = cut.slice(0, -1);
  return `${cut}\u2026`;
}
