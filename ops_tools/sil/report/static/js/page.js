// The data of the page, the colours of the theme, and how times are written.

const page = JSON.parse(document.getElementById('report-data').textContent);
const root = document.documentElement;

const TONES = [
  'ink', 'ink-2', 'ink-3', 'line', 'line-2', 'bg', 'sun', 'battery', 'load', 'link', 'heat', 'ok', 'warn', 'bad',
  'neutral', 'mode-off', 'mode-idle', 'mode-rise', 'mode-cool', 'shade-1', 'shade-2', 'sun-fill', 'load-fill',
];
const tones = {};

function readTones() {
  const style = getComputedStyle(root);
  for (const name of TONES) tones[name] = style.getPropertyValue(`--${name}`).trim();
}

const pad = (value) => String(value).padStart(2, '0');
const MINUS = '\u2212';

// Mission elapsed time as h:mm:ss, or h:mm where seconds would only repeat zeros.
function met(seconds, withSeconds = true) {
  const whole = Math.round(Math.abs(seconds));
  const text = `${Math.floor(whole / 3600)}:${pad(Math.floor(whole / 60) % 60)}`;
  return (seconds < -0.5 ? MINUS : '') + (withSeconds ? `${text}:${pad(whole % 60)}` : text);
}

function utc(seconds) {
  const iso = new Date((page.start_utc_s + Math.round(seconds)) * 1000).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

function decimal(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return (value < 0 && Number(text) !== 0 ? MINUS : '') + text;
}

// Index of the last entry of a sorted list that is not above a value; -1 when all are.
function lastAtOrBelow(sorted, value) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
