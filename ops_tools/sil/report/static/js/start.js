// Puts the parts to work, and keeps the plots in step with theme, window and paper.

function fit(width) {
  for (const { plot, place } of views) plot.setSize({ width: width ?? Math.max(place.clientWidth, 200), height: plot.height });
}

function repaint() {
  readTones();
  for (const { plot } of views) plot.redraw(false);
}

readTones();
for (const shape of page.plots) views.push(makePlot(shape, hooksOf(shape)));

for (const view of views) {
  view.figure.addEventListener('keydown', (event) => onKey(event, view));
  view.figure.addEventListener('blur', () => showTime(null));
}

let pending = 0;
new ResizeObserver(() => {
  cancelAnimationFrame(pending);
  pending = requestAnimationFrame(() => fit());
}).observe(document.getElementById('main'));

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', repaint);
addEventListener('beforeprint', () => { root.classList.add('printing'); fit(); repaint(); });
addEventListener('afterprint', () => { root.classList.remove('printing'); fit(); repaint(); });
clock.reset.addEventListener('click', showAll);

startMap();
startEvents();
