// The filter of the event log: by severity and by words. All words must occur in a row.

function startEvents() {
  const form = document.getElementById('event-filter');
  if (!form) return;
  const rows = [...document.querySelectorAll('#events tbody tr')];
  const texts = rows.map((row) => row.textContent.toLowerCase());
  const search = document.getElementById('event-search');
  const count = document.getElementById('event-count');

  function apply() {
    const shown = new Set([...form.elements.severity].filter((box) => box.checked).map((box) => box.value));
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let visible = 0;
    rows.forEach((row, index) => {
      const fits = shown.has(row.dataset.severity) && words.every((word) => texts[index].includes(word));
      row.hidden = !fits;
      visible += fits;
    });
    count.textContent = visible === rows.length ? '' : `${visible} of ${rows.length} shown`;
  }

  form.addEventListener('input', apply);
  form.addEventListener('submit', (event) => event.preventDefault());
  apply();
}
